import { defineConfig } from 'vitest/config'

// Needs root, mounts, or packages of the operating system: .ci/run installs them.
export default defineConfig({
  test: {
    globalSetup: ['test/global-setup.ts'],
    include: ['test/system/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})
