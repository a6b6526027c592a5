// What single nouns have beyond what the API's tables say of all.
import type { ReactNode } from 'react'
import { alarmChoices } from '../alarms/choices'
import { conditionText } from '../alarms/condition'
import { AlarmActions, alarmColumns, RaisedNow, RaisedOf } from '../alarms/parts'
import type { Alarm, Network, Upload } from '../api/schema'
import { HostParts } from '../hosts/parts'
import { Metrics } from '../metrics/panel'
import { NetworkPicture } from '../networks/picture'
import { SendFile } from '../uploads/new'
import { UploadPanel } from '../uploads/panel'
import { stopSending } from '../uploads/sendings'
import { UserActions } from '../users/actions'
import type { Values } from '../shared/changes'
import type { Choices } from '../shared/form'
import type { Column } from '../shared/table'
import { t } from '../strings'
import type { Item } from './objects'

interface Extra {
  /** Fields that the form of changes leaves to buttons of their own. */
  skip?: string[]
  /** What is offered in its forms. */
  choices?: (values: Values) => Choices
  /** Fields that its page shows in a part of its own. */
  apart?: string[]
  /** Columns of the list, where the API's are not what people want. */
  columns?: Column<Item>[]
  /** Shown above the list. */
  above?: () => ReactNode
  /** Buttons on the page of one. */
  actions?: (item: Item) => ReactNode
  /** What people call one, where that is not its name. */
  title?: (item: Item) => string
  /** What matters most on the page of one, above its fields. */
  head?: (item: Item) => ReactNode
  /** More on the page of one. */
  page?: (item: Item) => ReactNode
  /** Called before one is deleted. */
  deleting?: (item: Item) => void
  /** Buttons on the list. */
  list?: () => ReactNode
}

/** By the noun's name, as in commands. */
export const extras: Record<string, Extra | undefined> = {
  network: { page: (item) => <NetworkPicture network={item as unknown as Network} /> },
  template: { list: () => <SendFile /> },
  upload: {
    list: () => <SendFile />,
    title: (item) => String(item.template),
    head: (item) => <UploadPanel upload={item as unknown as Upload} />,
    deleting: (item) => stopSending(item.name),
  },
  alarm: {
    choices: alarmChoices,
    apart: ['raised', 'raised_count', 'metric', 'above', 'below', 'state', 'for_seconds'],
    head: (item) => <p>{t.alarms.when(conditionText(item as unknown as Alarm))}</p>,
    columns: alarmColumns,
    above: () => <RaisedNow />,
    actions: (item) => <AlarmActions name={item.name} />,
    page: (item) => <RaisedOf alarm={item as unknown as Alarm} />,
  },
  host: { page: (item) => <HostParts name={item.name} /> },
  pool: { page: (item) => <Metrics of="pool" name={item.name} /> },
  user: { skip: ['password', 'totp'], actions: (item) => <UserActions user={item} /> },
}
