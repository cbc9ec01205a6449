/** What sign-in policies are written against: the same for every organization, kept with each bundle. */
export const signInSchema = `type Circumstances = {
  // What has been shown so far: password, passkey, totp, recovery_code, email, link, remembered_device, federated
  // (an identity provider said who it is), federated_mfa (by a second factor that is trusted).
  factors: Set<String>,
  // Whether the person holds any role of Gatehouse's own.
  administrator: Bool,
  address: ipaddr,
  // An IPv4 address, or the /64 of an IPv6 one.
  network: String,
  // ISO 3166-1, as in "DE"; absent without a data set, or where it does not know the address.
  country?: String,
  // Whether the person has signed in with this browser before.
  deviceKnown: Bool,
  time: datetime,
  // Hour (0 to 23) and day (1, Monday, to 7) in the organization's time zone.
  hour: Long,
  weekday: Long,
  // How many of these speak against its being the person: new_device, failures, network_suspected, new_country.
  risk: Long,
  risks: Set<String>,
  // Name of the identity provider that said who it is; absent where none did.
  provider?: String,
  // What is opened, where that is known.
  application?: Application,
};
// signIn begins a session, or opens an application with one; stepUp proves more in a session that there is.
action signIn, stepUp appliesTo { principal: [User], resource: [Organization], context: Circumstances };
`

/** File names that a sign-in policy cannot use: they are ours. */
export const baseFile = 'gatehouse.cedar'

/** What policies narrow: Gatehouse's own rules of sign-in have been met when they are asked. */
export const basePolicy = `@id("gatehouse:rules")
permit (principal, action, resource);
`

/** What a case of a test need not write out: noon of a Thursday, a known browser, an address for documentation. */
export const usualCircumstances: Readonly<Record<string, unknown>> = {
  factors: ['password'],
  administrator: false,
  address: '203.0.113.1',
  network: '203.0.113.1',
  deviceKnown: true,
  time: '2026-01-01T12:00:00Z',
  hour: 12,
  weekday: 4,
  risk: 0,
  risks: [],
}
