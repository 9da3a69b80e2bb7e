//! All pages of help, in the order that people read them in.

use crate::language::Language;

/// A page of help.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topic {
    /// What it is called by in addresses: a screen, or a guide.
    pub(crate) id: &'static str,
    chinese: &'static str,
    english: &'static str,
}

impl Topic {
    /// Its Markdown.
    pub(crate) fn text(&self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.chinese,
            Language::English => self.english,
        }
    }
}

/// Guides that are of no screen.
pub(crate) const GUIDES: [&str; 3] = ["guide-administrator", "guide-doctor", "guide-director"];

macro_rules! topics {
    ($($id:literal)*) => {
        /// All pages.
        pub(crate) const TOPICS: &[Topic] = &[$(Topic {
            id: $id,
            chinese: include_str!(concat!("zh-CN/", $id, ".md")),
            english: include_str!(concat!("en/", $id, ".md")),
        }),*];
    };
}

topics! {
    "guide-administrator"
    "guide-doctor"
    "guide-director"
    "sign-in"
    "sign-in-code"
    "sign-in-sms"
    "sign-in-sms-code"
    "sign-in-phone"
    "sign-in-phone-over"
    "sign-in-phone-one"
    "sign-in-phone-done"
    "wechat-sign-in-one"
    "wechat-bind-one"
    "wechat-back"
    "wechat-done"
    "wechat-bound"
    "forgotten"
    "forgotten-sent"
    "forgotten-code"
    "reset-one"
    "register"
    "register-sent"
    "register-personal"
    "register-personal-code"
    "set-up-one"
    "home"
    "workbench"
    "notifications"
    "log"
    "studies"
    "view-one"
    "publishing"
    "publishing-rule"
    "profile"
    "profile-mobile"
    "profile-mobile-code"
    "email-one"
    "password"
    "security"
    "oauth-authorize"
    "second-factor"
    "passkeys-new"
    "permissions"
    "sign-one"
    "sign-done"
    "organisation"
    "organisation-edit"
    "organisation-upload-codes"
    "organisation-upload-codes-one-revoke"
    "members"
    "members-new"
    "members-invite"
    "members-one"
    "roles"
    "roles-new"
    "roles-one"
    "devices"
    "devices-new"
    "devices-one"
    "devices-one-remove"
    "dockings"
    "dockings-new"
    "dockings-one"
    "dockings-one-doctors-new"
    "dockings-one-doctors-one"
    "dockings-one-signature"
    "dictionary"
    "dictionary-new"
    "dictionary-one"
    "dictionary-import"
    "help"
    "help-search"
    "help-one"
    "support"
    "support-new"
    "support-one"
    "platform-organisations"
    "platform-organisations-new"
    "platform-organisations-one"
    "platform-dictionary"
    "platform-dictionary-new"
    "platform-dictionary-import"
    "platform-accounts"
    "platform-accounts-one"
    "platform-clients"
    "platform-clients-new"
    "platform-clients-one"
    "platform-clients-one-edit"
    "platform-verification"
    "platform-verification-one"
    "platform-administrators"
    "platform-audit"
    "platform-audit-removal"
    "platform-monitoring"
    "platform-monitoring-alarms"
    "platform-monitoring-servers-new"
    "platform-monitoring-servers-one"
    "platform-monitoring-servers-one-thresholds-one"
    "platform-monitoring-on-call"
    "platform-jobs"
    "platform-jobs-one"
    "platform-outbox"
    "platform-outbox-one"
    "platform-outbox-one-content"
    "platform-support"
    "platform-support-one"
}
