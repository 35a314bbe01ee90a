//! Who decides, by name.

/// `line.decided_by` of what nobody was asked about.
pub(super) const AUTOMATION: &str = "automation";
/// Characters that `reconciliation_sessions.user_id` holds.
const LONGEST_PERSON: usize = 255;

/// A person's name as far as it can be stored.
pub(super) fn person(name: &str) -> String {
    name.chars().take(LONGEST_PERSON).collect()
}
