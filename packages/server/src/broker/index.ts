export { NODES_DEFAULTS, Nodes, type NodesOptions } from '../cluster/nodes.ts'
export {
  type Broker,
  type BrokerListener,
  type BrokerResponder,
  BrokerTimeout,
  isServiceBroker,
  NobodyThere,
  ResponderFailed,
  type ServiceBroker,
} from './broker.ts'
export { type MemoryBus, type MemoryBusOptions, memoryBus, noBroker, type Passage } from './memory.ts'
