import type { ComponentChildren, TargetedKeyboardEvent } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

export interface Column<Row> {
  name: string
  /** Pixels; the columns without one share the rest. */
  width?: number
  /** Numbers stand to the right. */
  right?: boolean
  cell(row: Row, index: number): ComponentChildren
  /** What the rows are ordered by when this column's head is chosen; none, and it cannot be. */
  order?(row: Row): number | string
}

export interface Order {
  column: string
  descending: boolean
}

interface Props<Row> {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  keyOf(row: Row, index: number): string | number
  /** Said when there is no row. */
  empty: string
  order?: Order
  onOrder?(order: Order): void
  /** A row may be chosen then, by pointer or keyboard. */
  onChoose?(row: Row): void
  chosen?(row: Row): boolean
  /** Keeps the last row in sight while rows come, unless somebody has scrolled up. */
  follow?: boolean
  onWindow?(from: number, to: number): void
  /** The narrowest that it may be before it scrolls sideways. */
  minWidth?: number
}

const ROW_PX = 26
const MARGIN_ROWS = 12

/** A table of any length, of which the rows in sight exist. */
export function WindowTable<Row>(props: Props<Row>) {
  const { rows, columns, order, keyOf } = props
  const frame = useRef<HTMLDivElement>(null)
  const [place, setPlace] = useState({ top: 0, height: 600 })
  const following = useRef(true)

  const measure = () => {
    const { scrollTop, clientHeight, scrollHeight } = frame.current!
    following.current = scrollTop + clientHeight >= scrollHeight - ROW_PX
    setPlace(place =>
      Math.abs(place.top - scrollTop) < ROW_PX && place.height === clientHeight
        ? place
        : { top: scrollTop, height: clientHeight },
    )
  }
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure)
    observer.observe(frame.current!)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    if (props.follow && following.current) frame.current!.scrollTop = frame.current!.scrollHeight
  }, [rows, props.follow])

  const from = Math.max(0, Math.min(rows.length, Math.floor(place.top / ROW_PX)) - MARGIN_ROWS)
  const to = Math.min(rows.length, Math.ceil((place.top + place.height) / ROW_PX) + MARGIN_ROWS)
  useLayoutEffect(() => props.onWindow?.(from, to), [from, to, rows])
  const inSight = rows.slice(from, to)
  // Tab stops at one row, the arrows go on from there.
  const stop = from + Math.max(0, props.chosen ? inSight.findIndex(props.chosen) : 0)

  return (
    <div class="window" ref={frame} onScroll={measure}>
      <table aria-label={props.label} aria-rowcount={rows.length} style={{ minWidth: `${props.minWidth ?? 0}px` }}>
        <colgroup>
          {columns.map(column => (
            <col key={column.name} style={{ width: column.width ? `${column.width}px` : '' }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map(column => (
              <Head key={column.name} column={column} {...(order && { order })} onOrder={props.onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.length === 0 && (
            <tr class="empty">
              <td colSpan={columns.length}>{props.empty}</td>
            </tr>
          )}
          <Gap rows={from} columns={columns.length} />
          {inSight.map((row, i) => (
            <tr
              key={keyOf(row, from + i)}
              aria-rowindex={from + i + 1}
              aria-selected={props.chosen?.(row)}
              class={props.onChoose ? 'choice' : ''}
              tabIndex={props.onChoose && (from + i === stop ? 0 : -1)}
              onClick={props.onChoose && (() => props.onChoose!(row))}
              onKeyDown={props.onChoose && (event => onRowKey(event, () => props.onChoose!(row)))}
            >
              {columns.map(column => (
                <td key={column.name} class={column.right ? 'right' : ''}>
                  {column.cell(row, from + i)}
                </td>
              ))}
            </tr>
          ))}
          <Gap rows={rows.length - to} columns={columns.length} />
        </tbody>
      </table>
    </div>
  )
}

/** Enter chooses, the arrows go to the rows beside. */
function onRowKey(event: TargetedKeyboardEvent<HTMLTableRowElement>, choose: () => void): void {
  const row = event.currentTarget
  const beside = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key]
  if (event.key === 'Enter' || event.key === ' ') choose()
  else if (beside instanceof HTMLElement) beside.focus()
  else return
  event.preventDefault()
}

/** The rows that are out of sight, as one of their height. */
function Gap({ rows, columns }: { rows: number; columns: number }) {
  if (rows <= 0) return null
  return (
    <tr class="gap">
      <td colSpan={columns} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  )
}

function Head<Row>({
  column,
  order,
  onOrder,
}: {
  column: Column<Row>
  order?: Order
  onOrder: ((order: Order) => void) | undefined
}) {
  const chosen = order?.column === column.name
  const direction = order?.descending ? 'descending' : 'ascending'
  return (
    <th scope="col" class={column.right ? 'right' : ''} aria-sort={chosen ? direction : undefined}>
      {column.order && onOrder ? (
        <button
          type="button"
          onClick={() => onOrder({ column: column.name, descending: chosen ? !order!.descending : !!column.right })}
        >
          {column.name}
          <span class="arrow">{chosen ? (order!.descending ? '▾' : '▴') : ''}</span>
        </button>
      ) : (
        column.name
      )}
    </th>
  )
}

/** The rows in the order that was chosen; equal ones stay as they were. */
export function ordered<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order): readonly Row[] {
  const by = columns.find(column => column.name === order.column)?.order
  if (by === undefined) return rows
  const sign = order.descending ? -1 : 1
  const keys = new Map(rows.map(row => [row, by(row)]))
  return [...rows].sort((a, b) => {
    const [x, y] = [keys.get(a)!, keys.get(b)!]
    return x === y ? 0 : x < y ? -sign : sign
  })
}
