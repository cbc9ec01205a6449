// The doors of @gatehouse/sdk.
export {}
