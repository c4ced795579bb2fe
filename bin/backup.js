#!/usr/bin/env node
import { main } from '../dist/cli/agent/main.js'
process.exitCode = await main(process)
