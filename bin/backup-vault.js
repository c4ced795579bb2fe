#!/usr/bin/env node
import { main } from '../dist/cli/vault/main.js'
process.exitCode = await main(process)
