// Moves the token of a one-time link from the address into the form, so that it stays out of logs and history.
const token = decodeURIComponent(location.hash.slice(1))
const input = document.querySelector('form[data-fragment] input[name="token"]')
if (token !== '' && input !== null) {
  history.replaceState(null, '', location.pathname)
  input.value = token
  input.form.requestSubmit()
}
