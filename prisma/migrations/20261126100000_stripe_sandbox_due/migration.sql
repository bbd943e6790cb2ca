-- When the next thing of an object falls due by the sandbox's clock, and the order in which objects were made.
ALTER TABLE stripe_sandbox_object
  ADD COLUMN due_at timestamptz(3),
  ADD COLUMN sequence bigserial NOT NULL;
CREATE INDEX stripe_sandbox_object_due ON stripe_sandbox_object (due_at) WHERE due_at IS NOT NULL;

-- What the stand-in remembers beside what Stripe shows now stands in one place, `sandbox`.
UPDATE stripe_sandbox_object
SET data = data - 'delivered' || jsonb_build_object('sandbox', jsonb_build_object('delivered', data -> 'delivered',
    'attempts', '[]'::jsonb))
WHERE kind = 'event';
UPDATE stripe_sandbox_object
SET data = data - 'resulting_metadata'
    || jsonb_build_object('sandbox', jsonb_build_object('metadata', data -> 'resulting_metadata', 'trial_days', 0,
      'missing_payment_method', 'create_invoice', 'setup_future_usage', null)),
  due_at = CASE WHEN data ->> 'status' = 'open' THEN to_timestamp((data ->> 'expires_at')::bigint) END
WHERE kind = 'checkout.session';
UPDATE stripe_sandbox_object
SET data = data || jsonb_build_object('sandbox', jsonb_build_object('deleted', false))
WHERE kind = 'customer';
-- Payments of before named charges that were never kept.
UPDATE stripe_sandbox_object
SET data = data || jsonb_build_object('latest_charge', null, 'payment_method', null,
  'sandbox', jsonb_build_object('settles_at', null, 'settles', null, 'session', null, 'invoice', null,
    'off_session', false))
WHERE kind = 'payment_intent';
-- Subscriptions of before never renewed, and have no card that could pay; they end.
UPDATE stripe_sandbox_object
SET data = data || jsonb_build_object('status', 'canceled', 'ended_at', data -> 'created',
  'sandbox', jsonb_build_object('trial_end_told', true, 'pending', '[]'::jsonb))
WHERE kind = 'subscription';
