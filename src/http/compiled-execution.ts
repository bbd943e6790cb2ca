import {
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';

type PromiseOrValue<Value> = Value | Promise<Value>;
type Execute = (args: ExecutionArgs) => PromiseOrValue<ExecutionResult>;

/** A document that is run less often costs more to compile than its compiled form saves. */
const runsBeforeCompiling = 8;

/** How one operation of a document is run. */
interface Operation {
  runs: number;
  /** Null while it is not compiled, or when it cannot be. */
  compiled: Execute | null;
}

/**
 * Runs queries that come often as code compiled for them. Only what goes well is answered so: as queries change nothing,
 * one that has errors is run once more by graphql-js, which alone says what errors there are, in which order, and what
 * is null because of them. Mutations are graphql-js's from the beginning.
 */
export function createCompiledExecution(): Execute {
  const operations = new WeakMap<DocumentNode, Map<string, Operation>>();

  const operationOf = ({ document, operationName }: ExecutionArgs): Operation => {
    let ofDocument = operations.get(document);
    if (ofDocument === undefined) {
      ofDocument = new Map();
      operations.set(document, ofDocument);
    }
    // A name that no operation has is refused by graphql-js, each anew.
    const name = operationName ?? '';
    let operation = ofDocument.get(name);
    if (operation === undefined) {
      operation = { runs: 0, compiled: null };
      if (getOperationAST(document, operationName)?.operation === OperationTypeNode.QUERY)
        ofDocument.set(name, operation);
    }
    return operation;
  };

  return (args) => {
    const operation = operationOf(args);
    operation.runs += 1;
    if (operation.runs === runsBeforeCompiling) operation.compiled = compile(args);
    const { compiled } = operation;
    if (compiled === null) return execute(args);
    const result = compiled(args);
    return result instanceof Promise
      ? result.then((settled) => (hasErrors(settled) ? execute(args) : settled))
      : hasErrors(result)
        ? execute(args)
        : result;
  };
}

const hasErrors = ({ errors }: ExecutionResult): boolean => errors !== undefined && errors.length > 0;

/** The operation as code; null for what cannot be compiled, or is no query. */
function compile({ schema, document, operationName }: ExecutionArgs): Execute | null {
  if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.QUERY) return null;
  const compiled = compileQuery(schema, document, operationName ?? undefined, { disablingCapturingStackErrors: true });
  if (!isCompiledQuery(compiled)) return null;
  return ({ rootValue, contextValue, variableValues }) => compiled.query(rootValue, contextValue, variableValues ?? {});
}
