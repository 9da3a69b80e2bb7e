//! The answers that the rows of the requirements ask for, written by hand; nothing here is derived from the policies.
//! A policy that could be left out without any of these answers changing would be one that nobody asked for.

use super::*;

const HERE: i64 = 3;
const ELSEWHERE: i64 = 4;
const ME: i64 = 12;

const INSIDE: Circumstances = Circumstances {
    minute_of_week: 600,
    is_inside: true,
};
const OUTSIDE: Circumstances = Circumstances {
    is_inside: false,
    ..INSIDE
};

/// A member of two organisations, inside, with a second factor, holding these permissions in the active one.
fn member(permissions: &[Permission]) -> Person {
    Person {
        account: ME,
        organisations: vec![HERE, 5],
        organisation: Some(HERE),
        permissions: permissions.to_vec(),
        has_second_factor: true,
        ..Person::default()
    }
}

fn study(custodian: Option<i64>, modality: &str) -> Study {
    Study {
        study_uid: "1.2.3".to_owned(),
        custodian,
        modalities: vec![modality.to_owned(), "SR".to_owned()],
    }
}

/// One expected answer: the row it comes from, who, what, to what, when, whether.
type Case = (&'static str, Asking, Action, Thing, Circumstances, bool);

enum Asking {
    Anyone,
    Person(Person),
    Machine(Machine),
}

enum Thing {
    Account(i64),
    Organisation(i64),
    Platform,
    Removal(i64),
    Study(Study),
}

fn answers(permissions: &Permissions, cases: &[Case]) -> Vec<bool> {
    let answer = |(_, who, action, thing, now, _): &Case| {
        let who = match who {
            Asking::Anyone => Who::Anyone,
            Asking::Person(person) => Who::Person(person),
            Asking::Machine(machine) => Who::Machine(machine),
        };
        let resource = match thing {
            Thing::Account(id) => Resource::Account(*id),
            Thing::Organisation(id) => Resource::Organisation(*id),
            Thing::Platform => Resource::Platform,
            Thing::Removal(asked_by) => Resource::Removal { asked_by: *asked_by },
            Thing::Study(study) => Resource::Study(study),
        };
        permissions.may(&who, *action, &resource, *now)
    };
    cases.iter().map(answer).collect()
}

/// What each permission opens in its own organisation, and nowhere else.
const OPENS: &[(&str, Permission, Action)] = &[
    ("ACC-31", Permission::Organisation, Action::OrganisationEdit),
    ("ACC-28", Permission::Members, Action::MembersView),
    ("ACC-29", Permission::Members, Action::MembersEdit),
    ("ACC-27", Permission::Roles, Action::RolesView),
    ("ACC-27", Permission::Roles, Action::RolesEdit),
    ("ACC-32", Permission::Devices, Action::DevicesView),
    ("ACC-32", Permission::Devices, Action::DevicesEdit),
    ("ACC-33", Permission::Dockings, Action::DockingsView),
    ("ACC-34", Permission::Dockings, Action::DockingsEdit),
    ("ACC-36", Permission::Dictionary, Action::DictionaryView),
    ("ACC-36", Permission::Dictionary, Action::DictionaryEdit),
    ("MSG-03", Permission::Log, Action::LogAll),
];

/// What each permission of the platform's administrators opens.
const PLATFORM: &[(&str, Permission, Action)] = &[
    ("NFR-05", Permission::Organisations, Action::OrganisationsEdit),
    (
        "ACC-36",
        Permission::SharedDictionary,
        Action::SharedDictionaryEdit,
    ),
    ("OPS-06", Permission::Jobs, Action::JobsEdit),
    ("OPS-05", Permission::Monitoring, Action::MonitoringView),
    ("ACC-01", Permission::Accounts, Action::AccountsView),
    ("ACC-04", Permission::Accounts, Action::AccountsEdit),
    ("ACC-15", Permission::Verification, Action::VerificationDecide),
    ("ACC-26", Permission::Appointments, Action::AppointmentsEdit),
    ("ACC-25", Permission::Clients, Action::ClientsEdit),
    ("PACS-34", Permission::Audit, Action::AuditSearch),
    ("PACS-34", Permission::Audit, Action::AuditRemove),
];

/// What each permission opens of studies.
const STUDIES: &[(&str, &[Permission], Action)] = &[
    ("ACC-26", &[Permission::StudiesView], Action::StudyFind),
    ("ACC-26", &[Permission::StudiesView], Action::StudyView),
    (
        "ACC-35",
        &[Permission::StudiesView, Permission::StudiesExport],
        Action::StudyExport,
    ),
    (
        "NM-25",
        &[Permission::StudiesView, Permission::StudiesUnpublished],
        Action::StudyUnpublished,
    ),
    (
        "NM-25",
        &[
            Permission::StudiesView,
            Permission::StudiesUnpublished,
            Permission::StudiesPublish,
        ],
        Action::StudyPublish,
    ),
    ("ACC-26", &[Permission::StudiesSend], Action::StudySend),
    ("ACC-26", &[Permission::StudiesCorrect], Action::StudyCorrect),
    ("ACC-26", &[Permission::StudiesSchedule], Action::StudySchedule),
];

const MACHINES: &[(&str, &str, Action)] = &[
    ("ACC-25", "find", Action::StudyFind),
    ("ACC-25", "retrieve", Action::StudyView),
    ("ACC-35", "export", Action::StudyExport),
    ("ACC-25", "store", Action::StudySend),
    ("ACC-25", "correct", Action::StudyCorrect),
    ("ACC-25", "schedule", Action::StudySchedule),
    ("ACC-31", "deliver", Action::StudyDeliver),
];

fn machine(may: &str, organisation: Option<i64>) -> Machine {
    Machine {
        name: "dimse:CT1".to_owned(),
        organisation,
        may: vec![may.to_owned()],
        study: None,
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    own_cases(&mut cases);
    organisation_cases(&mut cases);
    study_cases(&mut cases);
    machine_cases(&mut cases);
    bound_cases(&mut cases);
    cases
}

fn own_cases(cases: &mut Vec<Case>) {
    let person = |person| Asking::Person(person);
    let own = [
        Action::Use,
        Action::ProfileEdit,
        Action::PasswordChange,
        Action::SecurityEdit,
        Action::InvitationAnswer,
        Action::LogOwn,
    ];
    for action in own {
        cases.push((
            "ACC-13",
            person(member(&[])),
            action,
            Thing::Account(ME),
            INSIDE,
            true,
        ));
        cases.push((
            "ACC-13",
            person(member(&[])),
            action,
            Thing::Account(ME),
            OUTSIDE,
            true,
        ));
        cases.push((
            "ACC-13",
            person(member(&[])),
            action,
            Thing::Account(13),
            INSIDE,
            false,
        ));
    }
    for (organisation, expected) in [(HERE, true), (5, true), (ELSEWHERE, false)] {
        let thing = Thing::Organisation(organisation);
        cases.push((
            "ACC-11",
            person(member(&[])),
            Action::OrganisationSwitch,
            thing,
            INSIDE,
            expected,
        ));
    }
    cases.push((
        "ACC-11",
        Asking::Anyone,
        Action::OrganisationSwitch,
        Thing::Organisation(HERE),
        INSIDE,
        false,
    ));
}

fn organisation_cases(cases: &mut Vec<Case>) {
    for (row, permission, action) in OPENS {
        for (held, organisation, expected) in [
            (true, HERE, true),
            (true, ELSEWHERE, false),
            // A member of another organisation has there what the role there holds, when that one is active.
            (true, 5, false),
            (false, HERE, false),
        ] {
            let others: Vec<Permission> = Permission::of(Kind::Hospital)
                .filter(|other| other != permission)
                .collect();
            let who = member(if held {
                std::slice::from_ref(permission)
            } else {
                &others
            });
            let thing = Thing::Organisation(organisation);
            cases.push((row, Asking::Person(who), *action, thing, INSIDE, expected));
        }
    }
    for (organisation, expected) in [(HERE, true), (ELSEWHERE, false), (5, false)] {
        let thing = Thing::Organisation(organisation);
        let who = Asking::Person(member(&[]));
        cases.push(("ACC-31", who, Action::OrganisationView, thing, INSIDE, expected));
    }
    for (row, permission, action) in PLATFORM {
        let who = Asking::Person(member(&[*permission]));
        cases.push((row, who, *action, Thing::Platform, INSIDE, true));
        let others: Vec<Permission> = Permission::of(Kind::Hospital).collect();
        cases.push((
            row,
            Asking::Person(member(&others)),
            *action,
            Thing::Platform,
            INSIDE,
            false,
        ));
    }
    // Nobody holds matters of two administrators: whoever was given them all holds none.
    for (first, second, action) in [
        (
            Permission::Organisations,
            Permission::Accounts,
            Action::AccountsEdit,
        ),
        (Permission::Jobs, Permission::Appointments, Action::JobsEdit),
        (Permission::Audit, Permission::Accounts, Action::AuditSearch),
        (Permission::Audit, Permission::Monitoring, Action::MonitoringView),
    ] {
        let who = Asking::Person(member(&[first, second]));
        cases.push(("ACC-26", who, action, Thing::Platform, INSIDE, false));
    }
    // Old entries go when a second audit administrator confirms: nobody else, and not whoever asked.
    for (held, asked_by, expected) in [
        (&[Permission::Audit][..], ME + 1, true),
        (&[Permission::Audit], ME, false),
        (&[Permission::Organisations], ME + 1, false),
        (&[Permission::Accounts], ME + 1, false),
        (&[Permission::Audit, Permission::Accounts], ME + 1, false),
        (&[Permission::Audit, Permission::Organisations], ME + 1, false),
    ] {
        cases.push((
            "PACS-34",
            Asking::Person(member(held)),
            Action::AuditConfirm,
            Thing::Removal(asked_by),
            INSIDE,
            expected,
        ));
    }
}

fn study_cases(cases: &mut Vec<Case>) {
    for (row, held, action) in STUDIES {
        for (custodian, expected) in [
            (Some(HERE), true),
            (Some(ELSEWHERE), false),
            (Some(5), false),
            (None, false),
        ] {
            let thing = Thing::Study(study(custodian, "PT"));
            cases.push((
                row,
                Asking::Person(member(held)),
                *action,
                thing,
                INSIDE,
                expected,
            ));
        }
        // A search or an arrival, where no study is named.
        let any = Thing::Study(Study::default());
        cases.push((row, Asking::Person(member(held)), *action, any, INSIDE, true));
        let others: Vec<Permission> = Permission::of(Kind::Hospital)
            .filter(|other| held.last() != Some(other))
            .collect();
        let thing = Thing::Study(study(Some(HERE), "PT"));
        cases.push((
            row,
            Asking::Person(member(&others)),
            *action,
            thing,
            INSIDE,
            false,
        ));
        for (categories, expected) in [(vec!["PT", "NM"], true), (vec!["CT"], false)] {
            let who = Person {
                categories: categories.into_iter().map(str::to_owned).collect(),
                ..member(held)
            };
            let thing = Thing::Study(study(Some(HERE), "PT"));
            cases.push(("ACC-26", Asking::Person(who), *action, thing, INSIDE, expected));
        }
    }
    // ACC-35: the right to take away does not come with the right to see, nor without it.
    let thing = || Thing::Study(study(Some(HERE), "PT"));
    let only = Asking::Person(member(&[Permission::StudiesExport]));
    cases.push(("ACC-35", only, Action::StudyExport, thing(), INSIDE, false));
    let signer = || Person {
        is_verified: true,
        has_signature: true,
        ..member(&[Permission::ReportsWrite])
    };
    for (row, who, expected) in [
        ("ACC-15", signer(), true),
        (
            "ACC-15",
            Person {
                is_verified: false,
                ..signer()
            },
            false,
        ),
        (
            "ACC-24",
            Person {
                has_signature: false,
                ..signer()
            },
            false,
        ),
        (
            "ACC-26",
            Person {
                permissions: vec![Permission::ReportsReview],
                ..signer()
            },
            false,
        ),
        // Signing wants a second factor, inside too.
        (
            "ACC-24",
            Person {
                has_second_factor: false,
                ..signer()
            },
            false,
        ),
    ] {
        cases.push((
            row,
            Asking::Person(who),
            Action::ReportSign,
            thing(),
            INSIDE,
            expected,
        ));
    }
}

fn machine_cases(cases: &mut Vec<Case>) {
    for (row, word, action) in MACHINES {
        let other = if *word == "find" { "store" } else { "find" };
        for (may, organisation, custodian, expected) in [
            (*word, Some(HERE), Some(HERE), true),
            (*word, Some(HERE), Some(ELSEWHERE), false),
            (*word, Some(HERE), None, false),
            (*word, None, Some(ELSEWHERE), true),
            (*word, None, None, true),
            (other, Some(HERE), Some(HERE), false),
        ] {
            let who = Asking::Machine(machine(may, organisation));
            let thing = Thing::Study(study(custodian, "PT"));
            cases.push((row, who, *action, thing, OUTSIDE, expected));
        }
        for (one, expected) in [("1.2.3", true), ("1.2.4", false)] {
            let who = Machine {
                study: Some(one.to_owned()),
                ..machine(word, Some(HERE))
            };
            let thing = Thing::Study(study(Some(HERE), "PT"));
            cases.push(("ACC-25", Asking::Machine(who), *action, thing, OUTSIDE, expected));
        }
        // A token for one study does not search.
        let who = Machine {
            study: Some("1.2.3".to_owned()),
            ..machine(word, Some(HERE))
        };
        cases.push((
            "ACC-25",
            Asking::Machine(who),
            *action,
            Thing::Study(Study::default()),
            OUTSIDE,
            false,
        ));
    }
    for (may, expected) in [("watch", true), ("find", false)] {
        let who = Asking::Machine(machine(may, None));
        cases.push((
            "OPS-05",
            who,
            Action::MonitoringView,
            Thing::Platform,
            OUTSIDE,
            expected,
        ));
    }
    cases.push((
        "ACC-25",
        Asking::Anyone,
        Action::StudyFind,
        Thing::Study(Study::default()),
        INSIDE,
        false,
    ));
}

fn bound_cases(cases: &mut Vec<Case>) {
    let viewer = || member(&[Permission::StudiesView]);
    let thing = || Thing::Study(study(Some(HERE), "PT"));
    for (row, who, now, expected) in [
        ("ACC-26", viewer(), INSIDE, true),
        // ACC-35: working hours hold for everything but the own account.
        (
            "ACC-35",
            Person {
                hours: Hours::on_days(&[0], 540, 660),
                ..viewer()
            },
            INSIDE,
            true,
        ),
        (
            "ACC-35",
            Person {
                hours: Hours::on_days(&[1], 540, 660),
                ..viewer()
            },
            INSIDE,
            false,
        ),
        (
            "ACC-08",
            Person {
                must_change_password: true,
                ..viewer()
            },
            INSIDE,
            false,
        ),
        // From outside only with a second factor; inside without, unless an administrator.
        (
            "ACC-06",
            Person {
                has_second_factor: false,
                ..viewer()
            },
            INSIDE,
            true,
        ),
        (
            "ACC-06",
            Person {
                has_second_factor: false,
                ..viewer()
            },
            OUTSIDE,
            false,
        ),
        ("ACC-06", viewer(), OUTSIDE, true),
    ] {
        cases.push((
            row,
            Asking::Person(who),
            Action::StudyView,
            thing(),
            now,
            expected,
        ));
    }
    let administrator = Person {
        has_second_factor: false,
        ..member(&[Permission::Members])
    };
    let organisation = || Thing::Organisation(HERE);
    cases.push((
        "ACC-26",
        Asking::Person(administrator.clone()),
        Action::MembersView,
        organisation(),
        INSIDE,
        false,
    ));
    cases.push((
        "ACC-26",
        Asking::Person(administrator.clone()),
        Action::SecurityEdit,
        Thing::Account(ME),
        INSIDE,
        true,
    ));
    cases.push((
        "ACC-11",
        Asking::Person(administrator),
        Action::OrganisationSwitch,
        organisation(),
        INSIDE,
        true,
    ));
    let off_duty = Person {
        hours: Hours::on_days(&[1], 540, 660),
        ..member(&[])
    };
    cases.push((
        "ACC-35",
        Asking::Person(off_duty.clone()),
        Action::ProfileEdit,
        Thing::Account(ME),
        INSIDE,
        true,
    ));
    cases.push((
        "ACC-35",
        Asking::Person(off_duty),
        Action::OrganisationSwitch,
        organisation(),
        INSIDE,
        true,
    ));
    let first = || Person {
        must_change_password: true,
        ..member(&[])
    };
    cases.push((
        "ACC-08",
        Asking::Person(first()),
        Action::PasswordChange,
        Thing::Account(ME),
        INSIDE,
        true,
    ));
    cases.push((
        "ACC-08",
        Asking::Person(first()),
        Action::Use,
        Thing::Account(ME),
        INSIDE,
        false,
    ));
}

#[test]
fn every_answer_is_the_one_that_is_asked_for() {
    let permissions = Permissions::load().unwrap();
    let cases = cases();
    for (case, answer) in cases.iter().zip(answers(&permissions, &cases)) {
        let (row, who, action, ..) = case;
        let who = match who {
            Asking::Anyone => "anyone".to_owned(),
            Asking::Person(person) => format!("{person:?}"),
            Asking::Machine(machine) => format!("{machine:?}"),
        };
        assert_eq!(answer, case.5, "{row}: {} {who}", action.word());
    }
}

#[test]
fn no_policy_can_be_left_out() {
    let all = PolicySet::from_str(&POLICIES.concat()).unwrap();
    let cases = cases();
    for policy in all.policies() {
        let others = all.policies().filter(|other| other.id() != policy.id());
        let text: String = others.map(|other| format!("{other}\n")).collect();
        let permissions = Permissions::of(&text).unwrap();
        let is_seen = cases
            .iter()
            .zip(answers(&permissions, &cases))
            .any(|(case, answer)| answer != case.5);
        assert!(is_seen, "nobody misses {:?}", policy.annotation("id"));
    }
}

#[test]
fn every_action_has_a_case() {
    let cases = cases();
    for action in Action::ALL {
        let expected = |wanted: bool| cases.iter().any(|case| case.2 == *action && case.5 == wanted);
        assert!(expected(true) && expected(false), "{}", action.word());
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for permission in Permission::ALL {
        assert_eq!(Permission::from_word(permission.word()), Some(*permission));
    }
    let some = [Permission::StudiesView, Permission::Audit];
    assert_eq!(Permission::from_json(&Permission::to_json(&some)), some);
    assert_eq!(
        Permission::from_json("[\"later\", \"audit\"]"),
        [Permission::Audit]
    );
}
