//! What an organisation asks of its people, and the roles that it begins with.

use serde::{Deserialize, Serialize};

use crate::clock::MINUTE_NS;
use crate::permissions::{Kind, Permission};
use crate::sessions::IDLE_NS;

/// What an organisation's people are bound to beyond what everybody is. It only tightens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A second sign-in ends the first (ACC-19).
    pub single_session: bool,
    /// Everybody is signed out after so many idle minutes (ACC-16).
    pub idle_minutes: Option<u32>,
    /// Passwords are changed after so many days.
    pub password_days: Option<u32>,
}

impl Policy {
    /// Reads the column; what cannot be read binds as strictly as can be.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        serde_json::from_str(text).unwrap_or(Self {
            single_session: true,
            idle_minutes: Some(30),
            password_days: None,
        })
    }

    /// Writes the column.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// After how long without activity a session ends: by the organisation, by the person's choice, whichever is sooner.
    #[must_use]
    pub fn idle_ns(&self, chosen: bool) -> Option<i64> {
        let own = chosen.then_some(IDLE_NS);
        let forced = self.idle_minutes.map(|minutes| i64::from(minutes) * MINUTE_NS);
        match (own, forced) {
            (Some(own), Some(forced)) => Some(own.min(forced)),
            (own, forced) => own.or(forced),
        }
    }
}

/// A role that an organisation begins with.
#[derive(Debug, Clone, Copy)]
pub struct StandardRole {
    /// Its name, in the language of the site's first users.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Whether it is the role that stays.
    pub is_initial: bool,
    /// What it holds.
    pub permissions: &'static [Permission],
}

use Permission as P;

const HOSPITAL: &[StandardRole] = &[
    StandardRole {
        name: "管理员",
        description: "本机构的全部权限",
        is_initial: true,
        permissions: &[
            P::StudiesView,
            P::StudiesUnpublished,
            P::StudiesPublish,
            P::StudiesExport,
            P::StudiesSend,
            P::StudiesCorrect,
            P::StudiesSchedule,
            P::ReportsWrite,
            P::ReportsReview,
            P::ReportsQuality,
            P::Organisation,
            P::Members,
            P::Roles,
            P::Devices,
            P::Dockings,
            P::Dictionary,
            P::Log,
        ],
    },
    StandardRole {
        name: "报告医师",
        description: "阅片、书写报告",
        is_initial: false,
        permissions: &[P::StudiesView, P::StudiesUnpublished, P::ReportsWrite],
    },
    StandardRole {
        name: "审核医师",
        description: "阅片、书写并审核报告、发布检查、导出影像",
        is_initial: false,
        permissions: &[
            P::StudiesView,
            P::StudiesUnpublished,
            P::StudiesPublish,
            P::StudiesExport,
            P::ReportsWrite,
            P::ReportsReview,
        ],
    },
    StandardRole {
        name: "技师",
        description: "登记、上传、校正影像",
        is_initial: false,
        permissions: &[
            P::StudiesView,
            P::StudiesUnpublished,
            P::StudiesSend,
            P::StudiesCorrect,
            P::StudiesSchedule,
        ],
    },
    StandardRole {
        name: "质控",
        description: "影像与报告质量评价",
        is_initial: false,
        permissions: &[P::StudiesView, P::StudiesUnpublished, P::ReportsQuality],
    },
    StandardRole {
        name: "临床医师",
        description: "浏览已发布的影像和报告",
        is_initial: false,
        permissions: &[P::StudiesView],
    },
    StandardRole {
        name: "学生",
        description: "仅浏览影像",
        is_initial: false,
        permissions: &[P::StudiesView],
    },
];

const TEAM: &[StandardRole] = &[
    StandardRole {
        name: "管理员",
        description: "本团队的全部权限",
        is_initial: true,
        permissions: &[
            P::StudiesView,
            P::StudiesUnpublished,
            P::StudiesExport,
            P::ReportsWrite,
            P::ReportsReview,
            P::ReportsQuality,
            P::Organisation,
            P::Members,
            P::Roles,
            P::Dockings,
            P::Dictionary,
            P::Log,
        ],
    },
    StandardRole {
        name: "诊断医师",
        description: "阅片、书写报告",
        is_initial: false,
        permissions: &[P::StudiesView, P::StudiesUnpublished, P::ReportsWrite],
    },
    StandardRole {
        name: "审核医师",
        description: "阅片、书写并审核报告",
        is_initial: false,
        permissions: &[
            P::StudiesView,
            P::StudiesUnpublished,
            P::ReportsWrite,
            P::ReportsReview,
        ],
    },
];

const PLATFORM: &[StandardRole] = &[
    StandardRole {
        name: "系统管理员",
        description: "机构、任务、监控",
        is_initial: true,
        permissions: &[P::Organisations, P::SharedDictionary, P::Jobs, P::Monitoring],
    },
    StandardRole {
        name: "安全管理员",
        description: "账号、审核、授权",
        is_initial: true,
        permissions: &[P::Accounts, P::Verification, P::Appointments, P::Clients],
    },
    StandardRole {
        name: "审计管理员",
        description: "审计日志",
        is_initial: true,
        permissions: &[P::Audit],
    },
];

/// The roles that an organisation of a kind begins with, the one that holds everything first.
#[must_use]
pub fn standard_roles(kind: Kind) -> &'static [StandardRole] {
    match kind {
        Kind::Platform => PLATFORM,
        Kind::Hospital | Kind::Department => HOSPITAL,
        Kind::Team => TEAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_role_holds_everything_that_roles_of_its_kind_can() {
        for kind in [Kind::Hospital, Kind::Team] {
            let initial = standard_roles(kind).first().unwrap();
            assert!(initial.is_initial);
            assert_eq!(initial.permissions, Permission::of(kind).collect::<Vec<_>>());
        }
        // The platform's three administrators together do, and no two of them hold the same.
        let mut held: Vec<_> = standard_roles(Kind::Platform)
            .iter()
            .flat_map(|role| role.permissions)
            .collect();
        assert_eq!(held.len(), Permission::of(Kind::Platform).count());
        held.dedup();
        assert_eq!(held.len(), Permission::of(Kind::Platform).count());
    }

    #[test]
    fn an_organisation_only_tightens_what_a_person_chose() {
        for (minutes, chosen, expected) in [
            (None, false, None),
            (None, true, Some(30)),
            (Some(10), false, Some(10)),
            (Some(10), true, Some(10)),
            (Some(60), true, Some(30)),
        ] {
            let policy = Policy {
                idle_minutes: minutes,
                ..Policy::default()
            };
            assert_eq!(
                policy.idle_ns(chosen),
                expected.map(|minutes: i64| minutes * MINUTE_NS)
            );
        }
        assert_eq!(Policy::from_json("nonsense").idle_minutes, Some(30));
    }
}
