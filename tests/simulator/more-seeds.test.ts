import { describeSeeds } from './run-seeds.ts';

describeSeeds({ first: 101, count: 100 });
