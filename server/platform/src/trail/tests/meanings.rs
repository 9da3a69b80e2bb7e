//! Every kind of entry in the standard's words.

use std::collections::BTreeMap;

use crate::trail::codes::{self, MEANINGS, Outcome, meaning};
use crate::trail::pages::KINDS;

#[test]
fn every_kind_stands_in_one_row_and_no_row_has_another() {
    let mut counts: BTreeMap<&str, usize> = KINDS.iter().map(|kind| (*kind, 0)).collect();
    assert_eq!(counts.len(), KINDS.len(), "a kind stands twice");
    for (_, kinds) in MEANINGS {
        for kind in *kinds {
            let count = counts.get_mut(kind);
            *count.unwrap_or_else(|| panic!("{kind} is no kind of the journal")) += 1;
        }
    }
    let wrong: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
    assert!(wrong.is_empty(), "kinds that do not stand in one row: {wrong:?}");
}

/// Which actions an event can have (PS3.15 A.5.3.1 to A.5.3.15).
const ACTIONS: &[(&str, &str)] = &[
    ("110100", "E"),
    ("110101", "R"),
    ("110103", "CRUD"),
    ("110104", "CRUDE"),
    ("110106", "R"),
    ("110107", "C"),
    ("110110", "CRUD"),
    ("110111", "CRUD"),
    ("110112", "E"),
    ("110113", "E"),
    ("110114", "E"),
];

#[test]
fn events_have_the_actions_of_the_standard() {
    for (meaning, kinds) in MEANINGS {
        let event = meaning.event.value;
        let allowed = ACTIONS.iter().find(|(value, _)| *value == event);
        let allowed = allowed.unwrap_or_else(|| panic!("{event} is not in the table")).1;
        assert!(
            allowed.contains(meaning.action),
            "{event} {} {kinds:?}",
            meaning.action
        );
        // A user is authenticated by signing in or out, or as a node (A.5.3.12).
        if event == "110114" {
            let kind = meaning.kind.unwrap().value;
            assert!(["110122", "110123", "110126"].contains(&kind), "{kind}");
        }
    }
}

#[test]
fn what_matters_most_is_called_as_the_standard_calls_it() {
    for (kind, event, of_kind, action, indicator, severity) in [
        ("session.began", "User Authentication", Some("Login"), 'E', "0", 5),
        (
            "session.failed",
            "User Authentication",
            Some("Login"),
            'E',
            "4",
            4,
        ),
        (
            "session.ended",
            "User Authentication",
            Some("Logout"),
            'E',
            "0",
            5,
        ),
        ("study.found", "Query", None, 'E', "0", 5),
        ("study.read", "DICOM Instances Accessed", None, 'R', "0", 5),
        ("study.exported", "Export", None, 'R', "0", 5),
        ("stored", "DICOM Instances Transferred", None, 'C', "0", 5),
        ("removing", "DICOM Instances Accessed", None, 'D', "0", 5),
        ("damaged", "DICOM Instances Accessed", None, 'R', "8", 3),
        ("merged", "Patient Record", None, 'U', "0", 5),
        ("audit.exported", "Audit Log Used", None, 'R', "0", 5),
        (
            "role.changed",
            "Security Alert",
            Some("Security Roles Changed"),
            'E',
            "0",
            5,
        ),
        (
            "access.refused",
            "Security Alert",
            Some("Use of Restricted Function"),
            'E',
            "4",
            4,
        ),
        (
            "client.replayed",
            "Security Alert",
            Some("Node Authentication"),
            'E',
            "8",
            3,
        ),
        // A later version's.
        ("moon.landed", "Application Activity", None, 'E', "0", 5),
    ] {
        let found = meaning(kind);
        let outcome = found.outcome;
        assert_eq!(
            (
                found.event.meaning,
                found.kind.map(|kind| kind.meaning),
                found.action
            ),
            (event, of_kind, action),
            "{kind}"
        );
        assert_eq!(
            (outcome.indicator(), outcome.severity()),
            (indicator, severity),
            "{kind}"
        );
    }
    assert_eq!(codes::meaning("stored").outcome, Outcome::Success);
}
