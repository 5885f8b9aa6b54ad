/** Submits the form. A second click or a key that is held down finds it submitting or just submitted. */
import { computed, ref } from 'vue'

import { Problem } from '../client'
import type { Field } from '../forms/fields'
import { type Errors, errorsOf } from '../forms/validation'
import type { RequestForm } from './useRequestForm'
import type { Session } from './useSession'

const SUBMITTED_SHOWN_MS = 900

export function useFormSubmit(form: RequestForm, session: Pick<Session, 'notifications' | 'submit'>) {
  const phase = ref<'ready' | 'submitting' | 'submitted'>('ready')
  const isReady = computed(() => phase.value === 'ready')
  const label = computed(() => {
    if (phase.value === 'submitting') return 'Submitting …'
    if (phase.value === 'submitted') return 'Submitted'
    const verb = form.runAt.value === undefined ? 'Submit' : 'Schedule'
    return `${verb} ${form.copies.value > 1 ? `${form.copies.value} requests` : 'request'}`
  })

  async function submit(): Promise<void> {
    if (!isReady.value) return
    const found = form.findErrors()
    form.showErrors(found)
    if (Object.keys(found).length) return
    phase.value = 'submitting'
    try {
      const { replayed } = await session.submit(form.toSubmissions())
      if (replayed) session.notifications.show('plain', 'This was already submitted; nothing was created twice.')
      phase.value = 'submitted'
      setTimeout(() => (phase.value = 'ready'), SUBMITTED_SHOWN_MS)
    } catch (error) {
      phase.value = 'ready'
      form.showErrors(errorsFrom(error, form.fields.value))
    }
  }

  return { isReady, label, submit }
}

function errorsFrom(error: unknown, fields: Field[]): Errors {
  const message = error instanceof Error ? error.message : 'Something went wrong.'
  if (!(error instanceof Problem)) return { '': `${message} Submit it again; it will not be created twice.` }
  const found = errorsOf(error.fieldErrors, fields)
  return Object.keys(found).length ? found : { '': message }
}
