// Runs a passkey ceremony and submits its answer by an ordinary form. `data-passkey` is `register` or `authenticate`;
// the options come with the page, or are asked for at `data-challenge` when they are needed.
const { startAuthentication, startRegistration, browserSupportsWebAuthn, browserSupportsWebAuthnAutofill } =
  window.SimpleWebAuthnBrowser

const sentences = {
  NotAllowedError: 'That was cancelled, or took too long. Try again when you are ready.',
  InvalidStateError: 'This device already has a passkey for you here. Use it, or choose another device.',
  SecurityError: 'Passkeys need this page at the address Gatehouse was set up with.',
}

function tell(form, text) {
  const place = form.querySelector('[data-says]')
  place.textContent = text
  place.hidden = text === ''
}

async function optionsOf(form) {
  if (form.dataset.options !== undefined) return JSON.parse(form.dataset.options)
  const asked = await fetch(form.dataset.challenge, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ csrf: form.elements.csrf.value }),
  })
  if (!asked.ok) throw new Error('This page has waited too long. Reload it and try again.')
  return asked.json()
}

async function run(form, optionsJSON, useBrowserAutofill) {
  const answer =
    form.dataset.passkey === 'register'
      ? await startRegistration({ optionsJSON })
      : await startAuthentication({ optionsJSON, useBrowserAutofill })
  form.elements.credential.value = JSON.stringify(answer)
  form.submit()
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!browserSupportsWebAuthn()) {
    tell(form, 'This browser cannot use passkeys.')
    continue
  }
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    tell(form, '')
    const press = form.querySelector('button')
    press.disabled = true
    try {
      await run(form, await optionsOf(form), false)
    } catch (error) {
      if (error.name !== 'AbortError') tell(form, sentences[error.name] ?? error.message)
    } finally {
      press.disabled = false
    }
  })
  if (form.dataset.autofill !== undefined) {
    browserSupportsWebAuthnAutofill()
      .then(async (can) => can && run(form, await optionsOf(form), true))
      .catch(() => undefined)
  }
}
