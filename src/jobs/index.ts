export type { DueWork } from './due-work.ts';
export { type Job, jobWriter } from './job.store.ts';
export { createJobs, type JobHandler, type Jobs, type StepResult } from './jobs.ts';
