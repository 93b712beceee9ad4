"""Alarms: from facts to what somebody has to do about them."""
