from django.db import migrations

ADD = """
CREATE FUNCTION obligation_resolved_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is % already: that is final', OLD.public_id, OLD.status
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER payout_resolved_is_final
  BEFORE UPDATE OF status, confirmed_at, failed_at ON obligations_payout
  FOR EACH ROW WHEN (
    OLD.status IN ('confirmed', 'failed')
    AND (OLD.status, OLD.confirmed_at, OLD.failed_at)
        IS DISTINCT FROM (NEW.status, NEW.confirmed_at, NEW.failed_at)
  )
  EXECUTE FUNCTION obligation_resolved_is_final();
CREATE TRIGGER fulfilment_resolved_is_final
  BEFORE UPDATE OF status, confirmed_at, cancelled_at ON obligations_fulfilment
  FOR EACH ROW WHEN (
    OLD.status IN ('confirmed', 'cancelled')
    AND (OLD.status, OLD.confirmed_at, OLD.cancelled_at)
        IS DISTINCT FROM (NEW.status, NEW.confirmed_at, NEW.cancelled_at)
  )
  EXECUTE FUNCTION obligation_resolved_is_final();

CREATE FUNCTION payout_as_requested() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a statement stays as it was requested'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER payout_as_requested
  BEFORE UPDATE OF member_id, currency, total_minor ON obligations_payout
  FOR EACH ROW WHEN (
    (OLD.member_id, OLD.currency, OLD.total_minor)
    IS DISTINCT FROM (NEW.member_id, NEW.currency, NEW.total_minor)
  )
  EXECUTE FUNCTION payout_as_requested();
CREATE TRIGGER payout_line_as_requested
  BEFORE UPDATE OF payout_id, payable_id, deduction_id, amount_minor ON obligations_payoutline
  FOR EACH ROW WHEN (
    (OLD.payout_id, OLD.payable_id, OLD.deduction_id, OLD.amount_minor)
    IS DISTINCT FROM (NEW.payout_id, NEW.payable_id, NEW.deduction_id, NEW.amount_minor)
  )
  EXECUTE FUNCTION payout_as_requested();
"""
DROP = """
DROP TRIGGER payout_line_as_requested ON obligations_payoutline;
DROP TRIGGER payout_as_requested ON obligations_payout;
DROP FUNCTION payout_as_requested();
DROP TRIGGER fulfilment_resolved_is_final ON obligations_fulfilment;
DROP TRIGGER payout_resolved_is_final ON obligations_payout;
DROP FUNCTION obligation_resolved_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("obligations", "0001_schema")]
    operations = [migrations.RunSQL(ADD, DROP)]
