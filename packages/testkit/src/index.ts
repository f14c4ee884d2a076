export { type SeededRandom, seededRandom } from './chance/seeded-random.ts'
export { ANOMALIES, type Anomaly, type AnomalyName } from './checker/anomaly.ts'
export { check, type Report, RULES } from './checker/check.ts'
export type { Counts, Latencies } from './checker/counts.ts'
export type { CheckOptions, Rule } from './checker/rule.ts'
export { type Cluster, type ClusterClientOptions, type ClusterOptions, cluster } from './cluster/cluster.ts'
export type { ClusterNode, Seams } from './cluster/node.ts'
export { fromLines, type History, history, toLines } from './history/history.ts'
export type * from './history/records.ts'
export { type RecordedRoom, type RoomRecorderOptions, recordRoom } from './history/room-recorder.ts'
export { recordWire, type WireCounts, type WireRecorder, type WireRecorderOptions } from './history/wire-recorder.ts'
export { type LogConditions, type RemoteLog, type RemoteLogOptions, remoteLog } from './log/remote-log.ts'
export type { BusConditions, Conditions } from './network/conditions.ts'
export type { Direction } from './network/connection.ts'
export type { Directions, Link } from './network/link.ts'
export {
  type Accept,
  type Network,
  type NetworkCounters,
  type NetworkOptions,
  network,
  type WireEvent,
} from './network/network.ts'
export { type FaultProxy, type FaultProxyOptions, faultProxy } from './proxy/fault-proxy.ts'
export type { ProxiedConnection } from './proxy/proxied.ts'
export { HostClock } from './time/host-clock.ts'
export { type ManualClock, type ManualClockOptions, manualClock } from './time/manual-clock.ts'
