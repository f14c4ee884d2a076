import { describe, expect, it } from 'vitest'
import { brokerContract } from '../../src/broker/contract.ts'
import { openOffice } from './office.ts'

brokerContract(
  'workers',
  () => {
    const office = openOffice()
    return { broker: (node) => office.worker(node).broker }
  },
  { describe, it, expect },
)
