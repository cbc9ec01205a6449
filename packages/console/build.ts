// The console's build: what the server serves under /console.
export {}
