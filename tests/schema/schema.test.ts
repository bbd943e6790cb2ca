import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, isUnionType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { expectedErrors } from '../../src/errors.ts';
import { schema } from '../../src/schema/index.ts';

const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
/** GraphQL's own, which every schema has. */
const builtIn = new Set(['Boolean', 'Float', 'ID', 'Int', 'String']);

interface Element {
  readonly path: string;
  readonly description: string | null | undefined;
}

/** Every type, field, argument and enum value of the schema. */
function elements(): Element[] {
  return types
    .filter(({ name }) => !builtIn.has(name))
    .flatMap((type): Element[] => {
      const own: Element = { path: type.name, description: type.description };
      if (isEnumType(type)) {
        return [
          own,
          ...type.getValues().map(({ name, description }) => ({ path: `${type.name}.${name}`, description })),
        ];
      }
      if (isInputObjectType(type)) {
        const fields = Object.values(type.getFields());
        return [own, ...fields.map(({ name, description }) => ({ path: `${type.name}.${name}`, description }))];
      }
      if (isObjectType(type) || isInterfaceType(type)) {
        const fields = Object.values(type.getFields()).flatMap(({ name, description, args }): Element[] => [
          { path: `${type.name}.${name}`, description },
          ...args.map((arg) => ({ path: `${type.name}.${name}(${arg.name}:)`, description: arg.description })),
        ]);
        return [own, ...fields];
      }
      return [own];
    });
}

describe('The schema', () => {
  it('given every type, field, argument and enum value, when it is looked at, then it has a description', () => {
    expect(elements().length).toBeGreaterThan(300);
    expect(elements().flatMap(({ path, description }) => (description?.trim() ? [] : [path]))).toEqual([]);
  });

  it('given every description, when it is read, then it is a sentence', () => {
    const odd = elements().filter(({ description }) => description != null && !/[.:"]$/.test(description.trim()));
    expect(odd.map(({ path, description }) => `${path}: ${description ?? ''}`)).toEqual([]);
  });

  it('given the table of expected errors, when the schema is looked at, then each has its type and its code, and no other is there', () => {
    const errors = types
      .filter(isObjectType)
      .filter((type) => type.getInterfaces().some(({ name }) => name === 'Error'));
    expect(errors.map(({ name }) => name).sort()).toEqual(
      Object.values(expectedErrors)
        .map(({ type }) => type)
        .sort(),
    );
    const codes = schema.getType('ErrorCode');
    expect(
      isEnumType(codes)
        ? codes
            .getValues()
            .map(({ name }) => name)
            .sort()
        : [],
    ).toEqual(Object.keys(expectedErrors).sort());
  });

  it('given every mutation, when its result is looked at, then it is a union of one success and expected errors alone', () => {
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      // The contract gives the event itself, or null where there is none; and a list of such unions.
      if (field.name === 'replayStripeEvent' || field.name === 'generateMany') continue;
      const result = types.find(({ name }) => `${name}!` === String(field.type));
      expect(isUnionType(result), field.name).toBe(true);
      if (!isUnionType(result)) continue;
      const successes = result.getTypes().filter((type) => type.getInterfaces().every(({ name }) => name !== 'Error'));
      expect(successes, field.name).toHaveLength(1);
      expect(result.getTypes().length, field.name).toBeGreaterThan(1);
    }
  });

  it('given every list, when its type is looked at, then neither it nor its items are ever null', () => {
    const lists = types
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) =>
        Object.values(type.getFields()).flatMap((field) =>
          String(field.type).includes('[') ? [`${type.name}.${field.name}: ${String(field.type)}`] : [],
        ),
      );
    expect(lists.length).toBeGreaterThan(10);
    expect(lists.filter((list) => !/\[\w+!\]!$/.test(list))).toEqual([]);
  });

  it('given every type with an id of its own, when it is looked at, then it is a node', () => {
    const withId = types.filter(isObjectType).filter((type) => String(type.getFields()['id']?.type) === 'ID!');
    const nodes = withId.filter((type) => type.getInterfaces().some(({ name }) => name === 'Node'));
    // A quote is a token: nothing is stored under its id. The others have the ids of things of Stripe's.
    const others = withId.filter((type) => !nodes.includes(type)).map(({ name }) => name);
    expect(others.sort()).toEqual(['Invoice', 'Quote', 'StripeDifference', 'StripeEvent']);
  });
});
