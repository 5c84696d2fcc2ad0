"""Events of one waybill become one shipment: the duty ledger and its timers."""
