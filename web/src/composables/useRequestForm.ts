/** The form for a new request: type, values, copies, schedule and errors. The browser keeps what the user types. */
import { computed, nextTick, ref, watch } from 'vue'

import type { Request, Submission } from '../client'
import { fieldsOf } from '../forms/fields'
import { groupFields, sortTypes } from '../forms/layout'
import { toRfc3339, validateRunAt } from '../forms/schedule'
import { type Errors, validate } from '../forms/validation'
import { initialValues, inputOf, restoreDraft, type Values, valuesOf } from '../forms/values'
import { loadDrafts, saveDraft } from '../storage/drafts'
import type { Session } from './useSession'

export type RequestForm = ReturnType<typeof useRequestForm>

export function useRequestForm(session: Pick<Session, 'types' | 'user'>) {
  const types = sortTypes(session.types.value)
  const type = ref(types[0]?.name ?? '')
  const fields = computed(() => fieldsOf(types.find(({ name }) => name === type.value)?.input ?? {}))
  const groups = computed(() => groupFields(type.value, fields.value))
  const values = ref<Values>({})
  const copies = ref(1)
  /** The value of the date-time field; undefined for a request that runs at once. */
  const runAt = ref<string>()
  const errors = ref<Errors>({})
  /** The values that the errors are about. */
  let refusedValues: Values = {}

  const hasExample = computed(() => fields.value.some(({ example }) => example))
  const isBlank = computed(() => !fields.value.some(({ kind, name }) => kind === 'text' && values.value[name]))
  /** The values, with examples for those that are missing, so that the sketch is never empty. */
  const sketchInput = computed(() =>
    Object.fromEntries(fields.value.map(({ name, example }) => [name, values.value[name] || example])),
  )

  function loadDraft(): void {
    values.value = restoreDraft(fields.value, loadDrafts(session.user.uid)[type.value])
    errors.value = {}
  }

  function storeDraft(): void {
    const isChanged = fields.value.some(({ name, initial }) => values.value[name] !== initial)
    saveDraft(session.user.uid, type.value, isChanged ? values.value : undefined)
  }

  function fillExample(): void {
    const given = fields.value.map(({ name, example, initial }) => [name, example || initial])
    values.value = Object.fromEntries(given)
  }

  /** Returns whether the form has the request's type. */
  async function fillFrom(request: Request): Promise<boolean> {
    if (!types.some(({ name }) => name === request.type)) return false
    type.value = request.type
    await nextTick() // the change of the type loads that type's draft
    values.value = valuesOf(fields.value, request.input)
    errors.value = {}
    return true
  }

  function clear(): void {
    values.value = initialValues(fields.value)
    errors.value = {}
  }

  function findErrors(): Errors {
    const runAtError = runAt.value === undefined ? '' : validateRunAt(runAt.value, Date.now())
    return { ...validate(fields.value, values.value), ...(runAtError && { run_at: runAtError }) }
  }

  function showErrors(found: Errors): void {
    errors.value = found
    refusedValues = allValues()
  }

  /** Keeps the error of an unchanged value, and validates a changed value again. */
  function clearStaleErrors(): void {
    const [found, current] = [findErrors(), allValues()]
    const kept = Object.entries(errors.value).map(([name, error]) => [
      name,
      current[name] === refusedValues[name] ? error : found[name],
    ])
    errors.value = Object.fromEntries(kept.filter(([, error]) => error))
  }

  function allValues(): Values {
    return { ...values.value, run_at: runAt.value ?? false }
  }

  function toSubmissions(): Submission[] {
    const content = { type: type.value, input: inputOf(fields.value, values.value) }
    const submission = runAt.value ? { ...content, run_at: toRfc3339(runAt.value) } : content
    return Array.from({ length: copies.value }, () => submission as Submission)
  }

  watch(type, loadDraft, { immediate: true })
  watch(
    values,
    () => {
      storeDraft()
      clearStaleErrors()
    },
    { deep: true },
  )
  watch(runAt, clearStaleErrors)

  return {
    types,
    type,
    fields,
    groups,
    values,
    copies,
    runAt,
    errors,
    hasExample,
    isBlank,
    sketchInput,
    fillExample,
    fillFrom,
    clear,
    findErrors,
    showErrors,
    toSubmissions,
  }
}
