-- Nearly every hold and transfer has one funding or none, and a call of a function with a query in it costs more than the rest
-- of its row. Without a query the outer function becomes part of the constraint, and one amount is its own sum.

CREATE FUNCTION sum_of_many(amounts integer[]) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (SELECT coalesce(sum(amount), 0) FROM unnest(amounts) AS amount);

CREATE OR REPLACE FUNCTION sum_of(amounts integer[]) RETURNS bigint
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE cardinality(amounts)
    WHEN 0 THEN 0
    WHEN 1 THEN coalesce(amounts[1], 0)::bigint
    ELSE sum_of_many(amounts)
  END;
