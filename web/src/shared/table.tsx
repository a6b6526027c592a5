// A table whose rows are drawn only while they are seen, so that any number of them scrolls.
import '@patternfly/react-styles/css/components/Table/table.css'
import './table.css'
import { Checkbox, EmptyState } from '@patternfly/react-core'
import { ArrowsAltVIcon, LongArrowAltDownIcon, LongArrowAltUpIcon } from '@patternfly/react-icons'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useCallback, useEffect, useRef, type ReactNode } from 'react'
import type { Rows } from '../api/window'
import { t } from '../strings'
import { Loading } from './loading'
import { count, isChosen, toggled, type Selection } from './selection'

export interface Column<T> {
  title: string
  cell: (item: T) => ReactNode
  /** In parts of the width. */
  width?: number
  /** What the server is told to sort by it. */
  sort?: string
  /** Left out where there is little room. */
  wide?: boolean
}

export interface Order {
  sort: string
  descending: boolean
}

interface Props<T> {
  label: string
  items: Rows<T>
  columns: Column<T>[]
  ready: boolean
  /** Whether there are more than `items`, and how to get them. */
  more?: boolean
  loadMore?: () => void
  /** Told which rows are looked at, where not all are there. */
  see?: (first: number, last: number) => void
  order?: Order
  setOrder?: (order: Order) => void
  selection?: Selection<T>
  select?: (selection: Selection<T>) => void
  empty?: ReactNode
  height?: string
  /** When it changes the table begins at its top. */
  question?: string
}

const rowHeight = 44
const overscan = 6

function ariaSort<T>(column: Column<T>, order?: Order) {
  if (!column.sort || !order) return undefined
  if (column.sort !== order.sort) return 'none'
  return order.descending ? 'descending' : 'ascending'
}

function Head<T>({ column, order, setOrder }: { column: Column<T>; order?: Order; setOrder?: (order: Order) => void }) {
  const sort = ariaSort(column, order)
  const classes = `pf-v6-c-table__th${sort ? ' pf-v6-c-table__sort' : ''}${sort && sort !== 'none' ? ' pf-m-selected' : ''}${column.wide ? ' truce-roomy' : ''}`
  const icon = { none: <ArrowsAltVIcon />, ascending: <LongArrowAltUpIcon />, descending: <LongArrowAltDownIcon /> }
  return (
    <th className={classes} scope="col" aria-sort={sort}>
      {sort && setOrder ? (
        <button type="button" className="pf-v6-c-table__button" onClick={() => setOrder({ sort: column.sort!, descending: sort === 'ascending' })}>
          <span className="pf-v6-c-table__button-content">
            <span className="pf-v6-c-table__text">{column.title}</span>
            <span className="pf-v6-c-table__sort-indicator">{icon[sort]}</span>
          </span>
        </button>
      ) : (
        column.title
      )}
    </th>
  )
}

interface RowProps<T> {
  label: string
  item: T | undefined
  index: number
  start: number
  columns: Column<T>[]
  chosen: boolean
  toggle?: (item: T, on: boolean) => void
}

function RowView<T extends { name: string }>({ label, item, index, start, columns, chosen, toggle }: RowProps<T>) {
  const place = { position: 'absolute', insetInline: 0, height: rowHeight, transform: `translateY(${start}px)` } as const
  if (!item)
    return (
      <tr className="pf-v6-c-table__tr" aria-rowindex={index + 2} aria-busy style={place}>
        <td className="pf-v6-c-table__td truce-blank" />
      </tr>
    )
  return (
    <tr className="pf-v6-c-table__tr" aria-rowindex={index + 2} style={place}>
      {toggle && (
        <td className="pf-v6-c-table__td">
          <Checkbox id={`${label}-${item.name}`} aria-label={item.name} isChecked={chosen} onChange={(_, on) => toggle(item, on)} />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.title} className={`pf-v6-c-table__td truce-cell${column.wide ? ' truce-roomy' : ''}`} data-label={column.title}>
          {column.cell(item)}
        </td>
      ))}
    </tr>
  )
}

// Scrolling draws only the rows that come.
const Row = memo(RowView) as typeof RowView

export function VirtualTable<T extends { name: string }>(props: Props<T>) {
  const { items, columns, ready, more, loadMore, see, selection, select, question } = props
  const frame = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan,
  })
  const seen = rows.getVirtualItems()
  const firstSeen = seen[0]?.index ?? 0
  const lastSeen = seen.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && lastSeen >= items.length - 40) loadMore?.()
  }, [more, lastSeen, items.length, loadMore])
  useEffect(() => see?.(firstSeen, lastSeen), [see, firstSeen, lastSeen])
  useEffect(() => {
    if (frame.current) frame.current.scrollTop = 0
  }, [question])

  const latest = useRef(selection)
  latest.current = selection
  const toggle = useCallback((item: T, on: boolean) => select?.(toggled(latest.current!, item, on)), [select])

  if (!ready) return <Loading />
  if (items.length === 0) return <EmptyState titleText={props.empty ?? t.noneYet} headingLevel="h2" />
  const drawn = new Set<string>()
  const tracks = (shown: Column<T>[], least: string) => (select ? '3rem ' : '') + shown.map((column) => `minmax(${least}, ${column.width ?? 1}fr)`).join(' ')
  const grid = { '--truce-tracks': tracks(columns, '6rem'), '--truce-narrow-tracks': tracks(columns.filter((column) => !column.wide), '5rem') } as React.CSSProperties
  return (
    <div ref={frame} className="truce-table-frame" style={{ height: props.height ?? 'auto', maxHeight: props.height ?? '70vh' }} tabIndex={0} role="region" aria-label={props.label}>
      <table className="pf-v6-c-table pf-m-compact truce-table" aria-label={props.label} aria-rowcount={items.length + 1} style={grid}>
        <thead className="pf-v6-c-table__thead">
          <tr className="pf-v6-c-table__tr" aria-rowindex={1}>
            {select && (
              <th className="pf-v6-c-table__th" scope="col">
                <Checkbox
                  id={`${props.label}-all`}
                  aria-label={t.selectAll(items.length)}
                  isChecked={count(selection!, items.length) === 0 ? false : count(selection!, items.length) === items.length ? true : null}
                  onChange={(_, on) => select({ all: on, names: new Map() })}
                />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.title} column={column} order={props.order} setOrder={props.setOrder} />
            ))}
          </tr>
        </thead>
        <tbody className="pf-v6-c-table__tbody" style={{ height: rows.getTotalSize(), position: 'relative', display: 'block' }}>
          {seen.map((row) => {
            const item = items.at(row.index)
            // Where the order has changed one may be there twice, until all is read again.
            const twice = item && drawn.has(item.name)
            if (item) drawn.add(item.name)
            return (
              <Row key={item && !twice ? item.name : row.index} label={props.label} item={item} index={row.index} start={row.start} columns={columns}
                chosen={select && item ? isChosen(selection!, item.name) : false} toggle={select && toggle} />
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
