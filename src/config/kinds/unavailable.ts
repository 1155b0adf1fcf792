import { type Directive, IMPLEMENTED } from '../directive.js'

/**
 * Another directive that takes nothing but its default, as redis-ts cannot do otherwise and whoever asks for it counts on it:
 * a start or CONFIG SET with anything else ends with `reason`.
 */
export function unavailable<V>(directive: Directive<V>, reason: string): Directive<V> {
  const only = directive.format(directive.default)
  return {
    ...directive,
    // There is no value that would be without effect.
    flags: directive.flags | IMPLEMENTED,
    parse(args, previous, context) {
      const parsed = directive.parse(args, previous, context)
      return 'value' in parsed && directive.format(parsed.value) !== only ? { error: reason } : parsed
    },
  }
}
