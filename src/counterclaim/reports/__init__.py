"""Results as text; functions here return strings and print nothing."""
