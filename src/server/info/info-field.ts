/** A line of INFO's text: a field and its value. */
export type Field = readonly [name: string, value: string | number]
