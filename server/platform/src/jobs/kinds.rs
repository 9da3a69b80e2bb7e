//! The kinds of jobs: what each does, how often it is tried, what it does outside.

use database::Transaction;
use database::schema::Boxed;
use serde_json::Value;

use super::backups;
use super::store::Task;
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::{Error, Platform, Result, messages, outbox, upkeep};

/// What happens outside of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Nothing, or nothing that may not happen twice.
    Nothing,
    /// Something that happens once under the job's key, as long as that is remembered there.
    Keyed {
        /// For how long.
        for_ns: i64,
    },
    /// Something that would happen twice.
    Unkeyed,
}

/// Why a job did not get done. The words hold no name, number or address of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nothing happened; it may go better later.
    Later(String),
    /// Nothing happened; the other side says how long to wait.
    After {
        /// Why.
        why: String,
        /// How long.
        for_ns: i64,
    },
    /// Nothing happened, and nothing will.
    Never(String),
    /// It was asked for outside, and no answer came.
    NoAnswer(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<database::Error> for Failure {
    fn from(error: database::Error) -> Self {
        Error::from(error).into()
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It is done; what [`Kind::act`] gave.
    Done(Value),
    /// It was tried for the last time, or will never do.
    Failed(String),
    /// Nobody knows whether it was done outside.
    Unknown(String),
    /// A person wanted it no more.
    Cancelled,
    /// A person wants it tried again.
    Again,
}

/// What is done before the transaction that ends a job: what waits, asks others, or takes many steps.
pub type Act = for<'a> fn(&'a Platform, &'a Task) -> Boxed<'a, Result<Value, Failure>>;
/// What is done in the transaction that ends a job.
pub type End = for<'a> fn(&'a Platform, &'a Transaction, &'a Task, &'a Ended) -> Boxed<'a, Result<()>>;

/// A kind of jobs.
#[derive(Debug)]
pub struct Kind {
    /// Its word; `job-kind-` and it are its words for people.
    pub word: &'static str,
    /// How often it is tried.
    pub tries: i64,
    /// How long it waits before it is tried a second time; twice as long each time after.
    pub wait_ns: i64,
    /// What happens outside.
    pub outside: Outside,
    /// What is done before the transaction that ends it.
    pub act: Act,
    /// What is done in that transaction.
    pub end: End,
}

/// All kinds, that of backups last. Jobs of others, of a later version, stay until a node comes that knows them.
pub const KINDS: &[Kind] = &[
    Kind {
        word: "tidy",
        tries: 3,
        wait_ns: MINUTE_NS,
        outside: Outside::Nothing,
        act: nothing,
        end: |platform, change, _, ended| {
            Box::pin(async move {
                match ended {
                    Ended::Done(_) => upkeep::tidy(change, platform.clock().now_ns()).await,
                    _ => Ok(()),
                }
            })
        },
    },
    Kind {
        word: "push-notice",
        tries: 5,
        wait_ns: 10 * SECOND_NS,
        outside: Outside::Nothing,
        act: nothing,
        end: |platform, change, task, ended| {
            Box::pin(async move {
                match ended {
                    Ended::Done(_) => messages::push(platform, change, task).await,
                    _ => Ok(()),
                }
            })
        },
    },
    // Neither provider of SMS knows keys, and a server of mail does not either.
    Kind {
        word: "send-sms",
        tries: 5,
        wait_ns: 10 * SECOND_NS,
        outside: Outside::Unkeyed,
        act: outbox::act,
        end: outbox::end,
    },
    Kind {
        word: "send-mail",
        tries: 8,
        wait_ns: MINUTE_NS,
        outside: Outside::Unkeyed,
        act: outbox::act,
        end: outbox::end,
    },
    // WeChat remembers `client_msg_id` for ten minutes.
    Kind {
        word: "send-wechat",
        tries: 5,
        wait_ns: 10 * SECOND_NS,
        outside: Outside::Keyed {
            for_ns: 9 * MINUTE_NS,
        },
        act: outbox::act,
        end: outbox::end,
    },
    // A push service knows no keys.
    Kind {
        word: "send-push",
        tries: 6,
        wait_ns: 10 * SECOND_NS,
        outside: Outside::Unkeyed,
        act: outbox::act,
        end: outbox::end,
    },
    BACKUP,
];

/// Done by nodes that know a place for backups.
const BACKUP: Kind = Kind {
    word: "backup",
    tries: 3,
    wait_ns: 10 * MINUTE_NS,
    outside: Outside::Nothing,
    act: backups::act,
    end: backups::end,
};

/// The kinds that a node works on.
pub(super) fn of_node(platform: &Platform) -> &'static [Kind] {
    match platform.backups() {
        Some(_) => KINDS,
        // All but the last.
        None => &KINDS[..KINDS.len() - 1],
    }
}

/// For kinds that do everything in the transaction that ends them.
pub(crate) fn nothing<'a>(_: &'a Platform, _: &'a Task) -> Boxed<'a, Result<Value, Failure>> {
    Box::pin(async { Ok(Value::Null) })
}

impl Kind {
    /// Whether a job that was sent outside at a time may be sent again by itself.
    #[must_use]
    pub fn may_send_again(&self, sent_ns: Option<i64>, now_ns: i64) -> bool {
        match (self.outside, sent_ns) {
            (_, None) | (Outside::Nothing, _) => true,
            (Outside::Keyed { for_ns }, Some(sent_ns)) => now_ns - sent_ns < for_ns,
            (Outside::Unkeyed, Some(_)) => false,
        }
    }
}
