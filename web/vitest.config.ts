import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/stack/**'], // these need the local stack; tests/e2e/test_client.py runs them
    env: { TZ: 'Europe/Berlin' },
  },
})
