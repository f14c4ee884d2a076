import { promisesHold } from './promises.ts'

// Two files, so that two processors share the work.
promisesHold(1, 1_500)
