export type { Job, JobKind, LeasedJob } from './job.store.ts';
export { createJobs, type JobHandler, type Jobs, type StepResult } from './jobs.ts';
