// Runs a passkey ceremony and submits its answer by an ordinary form. `data-passkey` is `register` or `authenticate`;
// the options come with the page, or are asked for at `data-challenge` when they are needed.
const { startAuthentication, startRegistration, browserSupportsWebAuthn, browserSupportsWebAuthnAutofill } =
  window.SimpleWebAuthnBrowser

// What to say stands on the form, in the language of the page.
const sentences = {
  NotAllowedError: 'cancelled',
  InvalidStateError: 'present',
  SecurityError: 'address',
  Stale: 'stale',
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
  if (!asked.ok) throw Object.assign(new Error('stale'), { name: 'Stale' })
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
    tell(form, form.dataset.unable)
    continue
  }
  form.hidden = false
  // The offer in the name field asks for a challenge by itself. A press waits until that is there, and ends the offer: of two
  // challenges the server takes the later, and of two ceremonies the browser drops the former.
  let pressed = false
  let offer
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    tell(form, '')
    const press = form.querySelector('button')
    press.disabled = true
    pressed = true
    try {
      await offer
      await run(form, await optionsOf(form), false)
    } catch (error) {
      if (error.name !== 'AbortError') tell(form, form.dataset[sentences[error.name] ?? 'failed'])
    } finally {
      press.disabled = false
    }
  })
  if (form.dataset.autofill !== undefined) {
    offer = browserSupportsWebAuthnAutofill()
      .then((can) => (can && !pressed ? optionsOf(form) : undefined))
      .catch(() => undefined)
    offer.then((options) => options && !pressed && run(form, options, true)).catch(() => undefined)
  }
}
