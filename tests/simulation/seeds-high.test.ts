import { promisesHold } from './promises.ts'

promisesHold(100_001, 1_500)
