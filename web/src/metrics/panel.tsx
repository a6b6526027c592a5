// What something has used, over time.
import { Alert, EmptyState, Switch, ToggleGroup, ToggleGroupItem, Toolbar, ToolbarContent, ToolbarItem, Title } from '@patternfly/react-core'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { MetricRange, Series } from '../api/schema'
import { Loading } from '../shared/loading'
import { t } from '../strings'
import { groupsOf } from './groups'
import { Numbers } from './numbers'
import { timesOf } from './series'
import { useSeries, type Subject } from './use_series'

const Chart = lazy(() => import('./chart'))
const ranges: MetricRange[] = ['hour', 'day', 'week', 'month', 'year']

function Charts({ series }: { series: Series }) {
  const times = useMemo(() => timesOf(series), [series])
  const groups = useMemo(() => groupsOf(series), [series])
  return (
    <Suspense fallback={<Loading />}>
      <div className="truce-charts">
        {groups.map((group) => (
          <section key={group.title} aria-label={group.title}>
            <Title headingLevel="h2" size="md">
              {group.title}
            </Title>
            <Chart times={times} group={group} />
          </section>
        ))}
      </div>
    </Suspense>
  )
}

export function Metrics({ of, name }: { of: Subject; name: string }) {
  const [range, setRange] = useState<MetricRange>('hour')
  const [asTable, setAsTable] = useState(false)
  const { series, error } = useSeries(of, name, range)
  const measured = series?.lines.some((line) => line.average.some((value) => value >= 0))
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <ToggleGroup isCompact aria-label={t.metrics.range}>
              {ranges.map((each) => (
                <ToggleGroupItem key={each} buttonId={`range-${each}`} text={t.metrics.last[each]} isSelected={range === each} onChange={() => setRange(each)} />
              ))}
            </ToggleGroup>
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <Switch id="metrics-as-table" label={t.metrics.asTable} isChecked={asTable} onChange={(_, on) => setAsTable(on)} />
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {error && <Alert isInline variant="warning" title={error} />}
      {!series && !error && <Loading />}
      {series && !measured && <EmptyState titleText={t.metrics.nothingYet} headingLevel="h2" />}
      {series && measured && (asTable ? <Numbers series={series} /> : <Charts series={series} />)}
    </>
  )
}
