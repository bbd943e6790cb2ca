export type { DueWork } from './due-work.ts';
export { type Job, jobInsert } from './job.store.ts';
export { createJobs, type JobHandler, type Jobs, type StepResult } from './jobs.ts';
