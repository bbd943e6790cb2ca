import { z } from 'zod';

/** What servers logged that somebody should look at. */
export interface LogReader {
  /** Takes in all that a server wrote; the last line of one that was killed may be cut. */
  read(text: string, mayBeCut: boolean): void;
  /** Lines of level "error" and above, and what is no line of the log at all. */
  readonly errors: readonly string[];
  /** How often each warning came. */
  readonly warnings: ReadonlyMap<string, number>;
}

const lineSchema = z.object({ level: z.number(), msg: z.string(), err: z.object({ message: z.string() }).optional() });

/** pino's levels. */
const warnLevel = 40;
const errorLevel = 50;

/** Reads the logs of servers. */
export function createLogReader(): LogReader {
  const errors: string[] = [];
  const warnings = new Map<string, number>();
  return {
    errors,
    warnings,
    read: (text, mayBeCut) => {
      const lines = text.split('\n');
      const last = lines.pop() ?? '';
      if (last !== '' && !mayBeCut) lines.push(last);
      for (const line of lines) {
        const found = parse(line);
        if (found === null || found.level >= errorLevel) errors.push(line.slice(0, 1_000));
        else if (found.level >= warnLevel) {
          const said = `${found.msg} ${found.err?.message ?? ''}`.slice(0, 300);
          warnings.set(said, (warnings.get(said) ?? 0) + 1);
        }
      }
    },
  };
}

function parse(line: string): z.infer<typeof lineSchema> | null {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
