//! Every route, asked by everybody. The routes come from the router; the answers are written by hand from the rows of the
//! requirements, and never from the policies. A route without answers fails, and so do answers without a route.

mod routes;

use std::collections::BTreeSet;

use axum::http::Method;

use crate::permissions::{Kind, Permission};
use crate::sign_in::one_time::{self, Purpose};
use crate::test_site::{Browser, Page, Site};

pub(crate) use routes::routes;

/// What somebody is told: `s` sign in first, `w` choose an organisation first, `.` not allowed, `+` anything else.
///
/// In order: anybody; somebody signed in without an organisation; a member without permissions; a member with the
/// permission; a member of another organisation with the permission, about the first one's rows; the system, the security
/// and the audit administrator of the platform.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<Permission>,
    &'static str,
);

/// Open to everybody.
const PUBLIC: &str = "++++++++";
/// Of everybody's own.
const OWN: &str = "s+++++++";
/// Of the organisation that is active: of another's, what is there.
const LIST: &str = "sw.++...";
/// Of a row of an organisation.
const ROW: &str = "sw.+....";
const SYSTEM: &str = "s....+..";
const SECURITY: &str = "s.....+.";
const AUDIT: &str = "s......+";

use Permission as P;

const ROWS: &[Row] = &[
    ("GET", "/static/{version}/{name}", "NFR-06", None, PUBLIC),
    ("GET", "/sign-in", "ACC-06", None, PUBLIC),
    ("POST", "/sign-in", "ACC-06", None, PUBLIC),
    ("GET", "/sign-in/code", "ACC-06", None, PUBLIC),
    ("POST", "/sign-in/code", "ACC-06", None, PUBLIC),
    ("POST", "/sign-out", "ACC-18", None, PUBLIC),
    ("GET", "/captcha/{token}", "ACC-05", None, PUBLIC),
    ("GET", "/forgotten", "ACC-14", None, PUBLIC),
    ("POST", "/forgotten", "ACC-14", None, PUBLIC),
    ("GET", "/forgotten/sent", "ACC-14", None, PUBLIC),
    ("GET", "/reset/{token}", "ACC-14", None, PUBLIC),
    ("POST", "/reset/{token}", "ACC-14", None, PUBLIC),
    ("GET", "/register", "ACC-01", None, PUBLIC),
    // Without a kind of account it is one that nobody registers for (ACC-03).
    ("POST", "/register", "ACC-03", None, "........"),
    ("GET", "/register/sent", "ACC-01", None, PUBLIC),
    ("GET", "/set-up/{token}", "ACC-28", None, PUBLIC),
    ("POST", "/set-up/{token}", "ACC-28", None, PUBLIC),
    ("POST", "/language", "NFR-03", None, PUBLIC),
    ("POST", "/theme", "NFR-06", None, PUBLIC),
    ("GET", "/", "ACC-11", None, OWN),
    ("POST", "/filters", "NFR-06", None, OWN),
    ("POST", "/filters/{id}/remove", "NFR-06", None, OWN),
    ("GET", "/workbench", "ACC-11", None, OWN),
    // The first organisation, which the others are no members of.
    ("POST", "/switch", "ACC-11", None, "s.++...."),
    ("GET", "/password", "ACC-14", None, OWN),
    ("POST", "/password", "ACC-14", None, OWN),
    ("GET", "/second-factor", "ACC-06", None, OWN),
    ("POST", "/second-factor", "ACC-06", None, OWN),
    ("GET", "/profile", "ACC-13", None, OWN),
    ("POST", "/profile", "ACC-13", None, OWN),
    ("GET", "/security", "ACC-18", None, OWN),
    ("POST", "/security/sessions/{session}/end", "ACC-18", None, OWN),
    ("GET", "/permissions", "ACC-20", None, OWN),
    ("GET", "/notifications", "MSG-01", None, OWN),
    ("POST", "/notifications/read", "MSG-01", None, OWN),
    ("GET", "/notifications/{id}", "MSG-01", None, OWN),
    ("GET", "/live", "ACC-21", None, OWN),
    ("GET", "/log", "MSG-03", None, OWN),
    ("GET", "/studies", "NM-24", Some(P::StudiesView), LIST),
    ("GET", "/studies/open", "V2D-28", Some(P::StudiesView), LIST),
    ("GET", "/view/{study}", "NM-24", Some(P::StudiesView), LIST),
    ("GET", "/publishing", "NM-25", Some(P::StudiesPublish), LIST),
    ("POST", "/publishing", "NM-25", Some(P::StudiesPublish), LIST),
    ("GET", "/publishing/rule", "NM-25", Some(P::StudiesPublish), LIST),
    ("POST", "/publishing/rule", "NM-25", Some(P::StudiesPublish), LIST),
    ("GET", "/organisation", "ACC-31", None, "sw++++++"),
    ("GET", "/organisation/edit", "ACC-31", Some(P::Organisation), LIST),
    (
        "POST",
        "/organisation/edit",
        "ACC-31",
        Some(P::Organisation),
        LIST,
    ),
    ("GET", "/members", "ACC-28", Some(P::Members), LIST),
    ("POST", "/members", "ACC-28", Some(P::Members), LIST),
    ("GET", "/members/new", "ACC-28", Some(P::Members), LIST),
    ("GET", "/members/invite", "ACC-29", Some(P::Members), LIST),
    ("POST", "/members/invite", "ACC-29", Some(P::Members), LIST),
    ("GET", "/members/{id}", "ACC-30", Some(P::Members), ROW),
    ("POST", "/members/{id}", "ACC-30", Some(P::Members), ROW),
    ("POST", "/members/{id}/end", "ACC-30", Some(P::Members), ROW),
    // An invitation of somebody else's.
    ("POST", "/invitations/{id}/accept", "ACC-29", None, "s......."),
    ("POST", "/invitations/{id}/decline", "ACC-29", None, "s......."),
    ("GET", "/roles", "ACC-27", Some(P::Roles), LIST),
    ("POST", "/roles", "ACC-27", Some(P::Roles), LIST),
    ("GET", "/roles/new", "ACC-27", Some(P::Roles), LIST),
    ("GET", "/roles/{id}", "ACC-27", Some(P::Roles), ROW),
    ("POST", "/roles/{id}", "ACC-27", Some(P::Roles), ROW),
    ("POST", "/roles/{id}/remove", "ACC-27", Some(P::Roles), ROW),
    ("GET", "/devices", "ACC-32", Some(P::Devices), LIST),
    ("POST", "/devices", "ACC-32", Some(P::Devices), LIST),
    ("GET", "/devices/new", "ACC-32", Some(P::Devices), LIST),
    ("GET", "/devices/{id}", "ACC-32", Some(P::Devices), ROW),
    ("POST", "/devices/{id}", "ACC-32", Some(P::Devices), ROW),
    ("POST", "/devices/{id}/members", "ACC-32", Some(P::Devices), ROW),
    (
        "POST",
        "/devices/{id}/members/{person}/end",
        "ACC-32",
        Some(P::Devices),
        ROW,
    ),
    ("GET", "/devices/{id}/remove", "ACC-32", Some(P::Devices), ROW),
    ("POST", "/devices/{id}/remove", "ACC-32", Some(P::Devices), ROW),
    ("GET", "/dockings", "ACC-33", Some(P::Dockings), LIST),
    ("POST", "/dockings", "ACC-33", Some(P::Dockings), LIST),
    ("GET", "/dockings/new", "ACC-33", Some(P::Dockings), LIST),
    ("GET", "/dockings/{id}", "ACC-33", Some(P::Dockings), ROW),
    ("POST", "/dockings/{id}", "ACC-33", Some(P::Dockings), ROW),
    (
        "POST",
        "/dockings/{id}/do/{event}",
        "ACC-33",
        Some(P::Dockings),
        ROW,
    ),
    ("POST", "/dockings/{id}/doctors", "ACC-34", Some(P::Dockings), ROW),
    (
        "GET",
        "/dockings/{id}/doctors/new",
        "ACC-34",
        Some(P::Dockings),
        ROW,
    ),
    (
        "GET",
        "/dockings/{id}/doctors/{person}",
        "ACC-34",
        Some(P::Dockings),
        ROW,
    ),
    (
        "POST",
        "/dockings/{id}/doctors/{person}/remove",
        "ACC-34",
        Some(P::Dockings),
        ROW,
    ),
    ("GET", "/dictionary", "ACC-36", Some(P::Dictionary), LIST),
    ("POST", "/dictionary", "ACC-36", Some(P::Dictionary), LIST),
    ("GET", "/dictionary/new", "ACC-36", Some(P::Dictionary), LIST),
    ("GET", "/dictionary/export", "ACC-36", Some(P::Dictionary), LIST),
    ("GET", "/dictionary/import", "ACC-36", Some(P::Dictionary), LIST),
    ("POST", "/dictionary/import", "ACC-36", Some(P::Dictionary), LIST),
    // An entry is its organisation's, whatever organisation is active.
    (
        "GET",
        "/dictionary/{id}",
        "ACC-36",
        Some(P::Dictionary),
        "s..+....",
    ),
    (
        "POST",
        "/dictionary/{id}",
        "ACC-36",
        Some(P::Dictionary),
        "s..+....",
    ),
    (
        "POST",
        "/dictionary/{id}/retire",
        "ACC-36",
        Some(P::Dictionary),
        "s..+....",
    ),
    (
        "POST",
        "/dictionary/{id}/restore",
        "ACC-36",
        Some(P::Dictionary),
        "s..+....",
    ),
    (
        "POST",
        "/dictionary/{id}/remove",
        "ACC-36",
        Some(P::Dictionary),
        "s..+....",
    ),
    ("GET", "/platform/dictionary", "ACC-36", None, SYSTEM),
    ("POST", "/platform/dictionary", "ACC-36", None, SYSTEM),
    ("GET", "/platform/dictionary/new", "ACC-36", None, SYSTEM),
    ("GET", "/platform/dictionary/export", "ACC-36", None, SYSTEM),
    ("GET", "/platform/dictionary/import", "ACC-36", None, SYSTEM),
    ("POST", "/platform/dictionary/import", "ACC-36", None, SYSTEM),
    ("GET", "/platform/organisations", "NFR-05", None, SYSTEM),
    ("POST", "/platform/organisations", "NFR-05", None, SYSTEM),
    ("GET", "/platform/organisations/new", "NFR-05", None, SYSTEM),
    ("GET", "/platform/organisations/{id}", "NFR-05", None, SYSTEM),
    (
        "POST",
        "/platform/organisations/{id}/close",
        "NFR-05",
        None,
        SYSTEM,
    ),
    (
        "POST",
        "/platform/organisations/{id}/open",
        "NFR-05",
        None,
        SYSTEM,
    ),
    ("GET", "/platform/administrators", "ACC-26", None, SECURITY),
    ("POST", "/platform/administrators", "ACC-26", None, SECURITY),
    (
        "POST",
        "/platform/administrators/{id}/end",
        "ACC-26",
        None,
        SECURITY,
    ),
    ("GET", "/platform/accounts", "ACC-04", None, SECURITY),
    ("GET", "/platform/accounts/{id}", "ACC-04", None, SECURITY),
    (
        "POST",
        "/platform/accounts/{id}/approve",
        "ACC-01",
        None,
        SECURITY,
    ),
    ("POST", "/platform/accounts/{id}/reject", "ACC-01", None, SECURITY),
    ("POST", "/platform/accounts/{id}/close", "ACC-04", None, SECURITY),
    ("POST", "/platform/accounts/{id}/reset", "ACC-04", None, SECURITY),
    ("POST", "/platform/accounts/{id}/unlock", "ACC-04", None, SECURITY),
    ("GET", "/platform/audit", "PACS-34", None, AUDIT),
    ("GET", "/platform/audit/csv", "PACS-34", None, AUDIT),
    ("GET", "/platform/audit/dicom", "PACS-34", None, AUDIT),
    ("GET", "/platform/audit/fhir", "PACS-34", None, AUDIT),
    ("GET", "/platform/audit/removal", "PACS-34", None, AUDIT),
    ("POST", "/platform/audit/removal", "PACS-34", None, AUDIT),
    // Of one that nobody asked for there is nothing (404), for those who may confirm.
    (
        "POST",
        "/platform/audit/removal/{id}/confirm",
        "PACS-34",
        None,
        AUDIT,
    ),
    (
        "POST",
        "/platform/audit/removal/{id}/withdraw",
        "PACS-34",
        None,
        AUDIT,
    ),
    ("GET", "/people/{id}/avatar", "ACC-13", None, OWN),
    ("POST", "/profile/avatar", "ACC-13", None, OWN),
    ("POST", "/profile/avatar/remove", "ACC-13", None, OWN),
    (
        "GET",
        "/organisation/pictures/{picture}",
        "ACC-31",
        None,
        "sw++++++",
    ),
    (
        "POST",
        "/organisation/pictures/{picture}",
        "ACC-24",
        Some(P::Organisation),
        LIST,
    ),
    (
        "POST",
        "/organisation/pictures/{picture}/remove",
        "ACC-24",
        Some(P::Organisation),
        LIST,
    ),
    ("GET", "/profile/documents/{kind}", "ACC-15", None, OWN),
    ("POST", "/profile/documents/{kind}", "ACC-15", None, OWN),
    ("GET", "/platform/verification", "ACC-15", None, SECURITY),
    ("GET", "/platform/verification/{id}", "ACC-15", None, SECURITY),
    (
        "GET",
        "/platform/verification/{id}/documents/{kind}",
        "ACC-15",
        None,
        SECURITY,
    ),
    (
        "POST",
        "/platform/verification/{id}/approve",
        "ACC-15",
        None,
        SECURITY,
    ),
    (
        "POST",
        "/platform/verification/{id}/refuse",
        "ACC-15",
        None,
        SECURITY,
    ),
    ("POST", "/profile/signature", "ACC-24", None, OWN),
    ("POST", "/profile/signature/remove", "ACC-24", None, OWN),
    ("GET", "/profile/signature/picture", "ACC-24", None, OWN),
    ("GET", "/profile/signature/after/{file}", "ACC-24", None, OWN),
    ("POST", "/profile/signature/phone", "ACC-24", None, OWN),
    // Whoever has the link, which is good once.
    ("GET", "/sign/{token}", "ACC-24", None, PUBLIC),
    ("POST", "/sign/{token}", "ACC-24", None, PUBLIC),
    ("GET", "/sign/done", "ACC-24", None, PUBLIC),
    // A docking of other sides is not there (404).
    (
        "GET",
        "/dockings/{id}/signature",
        "ACC-24",
        Some(P::Dockings),
        LIST,
    ),
    (
        "POST",
        "/dockings/{id}/signature",
        "ACC-24",
        Some(P::Dockings),
        LIST,
    ),
    (
        "GET",
        "/dockings/{id}/signature/picture",
        "ACC-24",
        Some(P::Dockings),
        LIST,
    ),
    (
        "POST",
        "/dockings/{id}/signature/mode",
        "ACC-24",
        Some(P::Dockings),
        LIST,
    ),
    (
        "POST",
        "/dockings/{id}/signature/remove",
        "ACC-24",
        Some(P::Dockings),
        LIST,
    ),
    ("GET", "/passkeys/new", "ACC-06", None, OWN),
    ("POST", "/passkeys", "ACC-06", None, OWN),
    ("POST", "/passkeys/{id}/remove", "ACC-06", None, OWN),
    ("POST", "/sign-in/passkey", "ACC-06", None, PUBLIC),
    ("GET", "/sign-in/phone", "ACC-07", None, PUBLIC),
    ("POST", "/sign-in/phone/enter", "ACC-07", None, PUBLIC),
    ("GET", "/sign-in/phone/over", "ACC-07", None, PUBLIC),
    ("GET", "/sign-in/phone/{token}", "ACC-07", None, OWN),
    ("POST", "/sign-in/phone/{token}/confirm", "ACC-07", None, OWN),
    ("POST", "/sign-in/phone/{token}/decline", "ACC-07", None, OWN),
    ("GET", "/sign-in/phone/done", "ACC-07", None, OWN),
    ("GET", "/wechat/sign-in/{token}", "ACC-07", None, PUBLIC),
    ("GET", "/wechat/bind/{token}", "ACC-09", None, PUBLIC),
    ("GET", "/wechat/back", "ACC-07", None, PUBLIC),
    ("POST", "/wechat/confirm/{ticket}", "ACC-07", None, PUBLIC),
    ("GET", "/wechat/done", "ACC-07", None, PUBLIC),
    ("POST", "/wechat/bind", "ACC-09", None, OWN),
    ("GET", "/wechat/bound", "ACC-09", None, OWN),
    ("POST", "/wechat/unbind", "ACC-09", None, OWN),
    ("POST", "/wechat/push", "ACC-22", None, OWN),
    // Done, it leads to the workbench.
    ("POST", "/wechat/later", "ACC-09", None, "swwwwwww"),
    // push
    ("GET", "/service-worker.js", "ACC-21", None, PUBLIC),
    ("POST", "/profile/push", "ACC-21", None, OWN),
    ("POST", "/profile/push/browser", "ACC-21", None, OWN),
    ("POST", "/profile/push/browser/remove", "ACC-21", None, OWN),
    // jobs, outbox
    ("GET", "/platform/jobs", "OPS-08", None, SYSTEM),
    ("POST", "/platform/jobs/retry", "OPS-08", None, SYSTEM),
    ("GET", "/platform/jobs/{id}", "OPS-08", None, SYSTEM),
    ("POST", "/platform/jobs/{id}/retry", "OPS-08", None, SYSTEM),
    ("POST", "/platform/jobs/{id}/cancel", "OPS-08", None, SYSTEM),
    ("POST", "/platform/jobs/{id}/send-again", "OPS-08", None, SYSTEM),
    ("POST", "/platform/jobs/{id}/leave", "OPS-08", None, SYSTEM),
    ("GET", "/platform/outbox", "OPS-08", None, SYSTEM),
    ("GET", "/platform/outbox/{id}", "OPS-08", None, SYSTEM),
    ("GET", "/platform/outbox/{id}/content", "OPS-08", None, SYSTEM),
    // codes by SMS, personal registration, mobile number and e-mail
    ("GET", "/sign-in/sms", "ACC-02", None, PUBLIC),
    ("POST", "/sign-in/sms", "ACC-02", None, PUBLIC),
    ("GET", "/sign-in/sms/code", "ACC-02", None, PUBLIC),
    ("POST", "/sign-in/sms/code", "ACC-02", None, PUBLIC),
    ("GET", "/register/personal", "ACC-02", None, PUBLIC),
    ("POST", "/register/personal", "ACC-02", None, PUBLIC),
    ("GET", "/register/personal/code", "ACC-02", None, PUBLIC),
    ("POST", "/register/personal/code", "ACC-02", None, PUBLIC),
    ("GET", "/forgotten/code", "ACC-14", None, PUBLIC),
    ("POST", "/forgotten/code", "ACC-14", None, PUBLIC),
    ("GET", "/profile/mobile", "ACC-13", None, OWN),
    ("POST", "/profile/mobile", "ACC-13", None, OWN),
    ("GET", "/profile/mobile/code", "ACC-13", None, OWN),
    ("POST", "/profile/mobile/code", "ACC-13", None, OWN),
    ("POST", "/profile/email", "ACC-13", None, OWN),
    ("GET", "/email/{token}", "ACC-14", None, PUBLIC),
    ("POST", "/email/{token}", "ACC-14", None, PUBLIC),
    // monitoring
    ("GET", "/platform/monitoring", "OPS-05", None, SYSTEM),
    ("GET", "/platform/monitoring/alarms", "OPS-06", None, SYSTEM),
    (
        "POST",
        "/platform/monitoring/alarms/{id}/acknowledge",
        "OPS-06",
        None,
        SYSTEM,
    ),
    ("POST", "/platform/monitoring/servers", "OPS-05", None, SYSTEM),
    ("GET", "/platform/monitoring/servers/new", "OPS-05", None, SYSTEM),
    ("GET", "/platform/monitoring/servers/{id}", "OPS-05", None, SYSTEM),
    (
        "POST",
        "/platform/monitoring/servers/{id}",
        "OPS-05",
        None,
        SYSTEM,
    ),
    (
        "POST",
        "/platform/monitoring/servers/{id}/remove",
        "OPS-05",
        None,
        SYSTEM,
    ),
    (
        "GET",
        "/platform/monitoring/servers/{id}/thresholds/{metric}",
        "OPS-05",
        None,
        SYSTEM,
    ),
    (
        "POST",
        "/platform/monitoring/servers/{id}/thresholds/{metric}",
        "OPS-05",
        None,
        SYSTEM,
    ),
    (
        "POST",
        "/platform/monitoring/servers/{id}/thresholds/{metric}/reset",
        "OPS-05",
        None,
        SYSTEM,
    ),
    ("GET", "/platform/monitoring/on-call", "OPS-08", None, SYSTEM),
    ("POST", "/platform/monitoring/on-call", "OPS-08", None, SYSTEM),
    (
        "POST",
        "/platform/monitoring/on-call/{person}/remove",
        "OPS-08",
        None,
        SYSTEM,
    ),
    // help, support
    ("GET", "/help", "NFR-03", None, PUBLIC),
    ("GET", "/help/search", "NFR-03", None, PUBLIC),
    ("GET", "/help/{screen}", "NFR-03", None, PUBLIC),
    ("GET", "/support", "NFR-01", None, OWN),
    ("POST", "/support", "NFR-01", None, OWN),
    ("GET", "/support/new", "NFR-01", None, OWN),
    // Tickets of somebody else: not there for the own list (404), there for the operator.
    ("GET", "/support/{id}", "NFR-01", None, OWN),
    ("POST", "/support/{id}", "NFR-01", None, OWN),
    ("POST", "/support/{id}/close", "NFR-01", None, OWN),
    ("GET", "/platform/support", "NFR-01", None, SYSTEM),
    ("GET", "/platform/support/bundle", "NFR-01", None, SYSTEM),
    ("GET", "/platform/support/{id}", "NFR-01", None, SYSTEM),
    ("POST", "/platform/support/{id}", "NFR-01", None, SYSTEM),
    ("POST", "/platform/support/{id}/close", "NFR-01", None, SYSTEM),
    // organisations/upload_codes
    (
        "GET",
        "/organisation/upload-codes",
        "ACC-31",
        Some(P::Organisation),
        LIST,
    ),
    (
        "POST",
        "/organisation/upload-codes",
        "ACC-31",
        Some(P::Organisation),
        LIST,
    ),
    (
        "GET",
        "/organisation/upload-codes/{code}/revoke",
        "ACC-31",
        Some(P::Organisation),
        LIST,
    ),
    (
        "POST",
        "/organisation/upload-codes/{code}/revoke",
        "ACC-31",
        Some(P::Organisation),
        LIST,
    ),
    // clients: what programs ask for is answered by what they show of themselves.
    ("GET", "/platform/clients", "ACC-25", None, SECURITY),
    ("POST", "/platform/clients", "ACC-25", None, SECURITY),
    ("GET", "/platform/clients/new", "ACC-25", None, SECURITY),
    ("POST", "/platform/clients/keys", "ACC-25", None, SECURITY),
    ("GET", "/platform/clients/{id}", "ACC-25", None, SECURITY),
    ("GET", "/platform/clients/{id}/edit", "ACC-25", None, SECURITY),
    ("POST", "/platform/clients/{id}/edit", "ACC-25", None, SECURITY),
    ("POST", "/platform/clients/{id}/secret", "ACC-25", None, SECURITY),
    ("POST", "/platform/clients/{id}/disable", "ACC-25", None, SECURITY),
    ("POST", "/platform/clients/{id}/enable", "ACC-25", None, SECURITY),
    ("POST", "/security/clients/{id}/end", "ACC-25", None, OWN),
    ("GET", "/oauth/authorize", "ACC-25", None, PUBLIC),
    ("POST", "/oauth/authorize", "ACC-25", None, PUBLIC),
    ("POST", "/oauth/token", "ACC-25", None, PUBLIC),
    ("POST", "/oauth/revoke", "ACC-25", None, PUBLIC),
    ("POST", "/oauth/introspect", "ACC-25", None, PUBLIC),
    ("GET", "/oauth/userinfo", "ACC-25", None, PUBLIC),
    ("POST", "/oauth/userinfo", "ACC-25", None, PUBLIC),
    ("GET", "/oauth/jwks", "ACC-25", None, PUBLIC),
    ("GET", "/.well-known/openid-configuration", "ACC-25", None, PUBLIC),
    (
        "GET",
        "/.well-known/oauth-authorization-server",
        "ACC-25",
        None,
        PUBLIC,
    ),
];

struct Cast<'a> {
    anybody: Browser<'a>,
    newcomer: Browser<'a>,
    plain: Browser<'a>,
    holder: Browser<'a>,
    foreign: Browser<'a>,
    system: Browser<'a>,
    security: Browser<'a>,
    audit: Browser<'a>,
}

impl<'a> Cast<'a> {
    fn all(&self) -> [&Browser<'a>; 8] {
        [
            &self.anybody,
            &self.newcomer,
            &self.plain,
            &self.holder,
            &self.foreign,
            &self.system,
            &self.security,
            &self.audit,
        ]
    }
}

/// A path with the numbers of rows of the first organisation.
async fn filled(site: &Site, path: &str, here: i64) -> String {
    let id = if path.starts_with("/roles/") {
        site.role(here, &[]).await
    } else if path.starts_with("/members/") || path.starts_with("/invitations/") {
        site.count(&format!(
            "SELECT MIN(id) FROM memberships WHERE organisation = {here}"
        ))
        .await
    } else if path.starts_with("/platform/accounts/") {
        site.account("赵医生").await.0
    } else if path.starts_with("/platform/organisations/") {
        here
    } else if path.starts_with("/platform/administrators/") {
        let own = site.own().await;
        site.count(&format!(
            "SELECT MIN(id) FROM memberships WHERE organisation = {own}"
        ))
        .await
    } else if path.contains("{id}") {
        row(site, path, here).await
    } else {
        1
    };
    path.replace("{id}", &id.to_string())
        .replace("{token}", "none")
        .replace("{session}", "none")
        .replace("{person}", "1")
        .replace("{event}", "end")
        .replace("{version}/{name}", "x/y")
        .replace("{picture}", "logo")
        .replace("{kind}", "identity-card")
        .replace("{file}", "0")
        .replace("{ticket}", "none")
        .replace("{metric}", "cpu")
        .replace("{screen}", "home")
        .replace("{code}", "ABCD")
        .replace("{study}", "2.25.1")
}

/// A device, a cooperation or an entry of the dictionary of the first organisation.
async fn row(site: &Site, path: &str, here: i64) -> i64 {
    let what = path.split('/').nth(1).unwrap_or_default();
    let insert = match what {
        "devices" => format!(
            "INSERT INTO equipment (organisation, number, name, type, created_ns) VALUES ({here}, '1', 'PET', 'PET-CT', 1) RETURNING id"
        ),
        "dockings" => {
            let team = site.organisation(Kind::Team, "诊断团队").await;
            format!(
                "INSERT INTO dockings (hospital, team, asked_by, state, signature_mode, asked_ns) \
                 VALUES ({here}, {team}, 'hospital', 'accepted', 'personal', 1) RETURNING id"
            )
        }
        "dictionary" => format!(
            "INSERT INTO dictionary (organisation, kind, code, name_zh, name_en, name_keys, detail) \
             VALUES ({here}, 'tag', 'OWN', '自有', 'Own', '', '{{}}') RETURNING id"
        ),
        _ => return 1,
    };
    let change = site.platform.writer().begin().await.unwrap();
    let made = database::Sql::new(insert).one(&*change).await.unwrap().unwrap();
    change.commit().await.unwrap();
    made.get(0).unwrap()
}

fn answer(page: &Page) -> char {
    match (page.status.as_u16(), page.location.as_str()) {
        (303, to) if to.starts_with("/sign-in?") => 's',
        (303, "/workbench") => 'w',
        (403, _) => '.',
        (500, _) => '!',
        _ => '+',
    }
}

async fn ask(browser: &Browser<'_>, method: &str, path: &str, here: i64) -> char {
    let id = here.to_string();
    let fields: Vec<(&str, &str)> = if path == "/switch" {
        vec![("organisation", id.as_str())]
    } else {
        Vec::new()
    };
    let page = match method {
        "GET" => browser.send(Method::GET, path, None, &[]).await,
        _ => browser.post(path, &fields).await,
    };
    answer(&page)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_everybody_as_its_row_says() {
    let mut wrong = Vec::new();
    for (method, path, row, permission, expected) in ROWS {
        // What streams never ends: that it may be asked is seen by its own test.
        if *path == "/live" {
            continue;
        }
        let site = Site::new().await;
        let here = site.organisation(Kind::Hospital, "第一医院").await;
        let there = site.organisation(Kind::Hospital, "第二医院").await;
        site.administrator(here).await;
        site.administrator(there).await;
        let mut held: Vec<Permission> = permission.iter().copied().collect();
        // Whoever publishes sees all studies.
        if held == [P::StudiesPublish] {
            held.extend([P::StudiesView, P::StudiesUnpublished]);
        }
        let (newcomer, _) = site.account("新人").await;
        let cast = Cast {
            anybody: site.browser(),
            newcomer: site.signed_in(newcomer, None).await,
            plain: site.member(here, &[]).await,
            holder: site.member(here, &held).await,
            foreign: site.member(there, &held).await,
            system: site.officer("organisations").await,
            security: site.officer("accounts").await,
            audit: site.officer("audit").await,
        };
        let path = filled(&site, path, here).await;
        let mut found: Vec<char> = vec!['?'; 8];
        // Whoever is refused asks first: what is allowed changes what is there.
        let mut order: Vec<usize> = (0..8).collect();
        order.sort_by_key(|place| expected.as_bytes()[*place] == b'+');
        for place in order {
            found[place] = ask(cast.all()[place], method, &path, here).await;
        }
        let found: String = found.into_iter().collect();
        if found != *expected {
            wrong.push(format!(
                "{row} {method} {path}: expected {expected}, found {found}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_route_of_the_router_has_a_row() {
    let site = Site::new().await;
    let routed = routes(&site.routes());
    let known: BTreeSet<(String, String)> = ROWS
        .iter()
        .map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let differing: Vec<_> = routed.symmetric_difference(&known).collect();
    assert!(
        differing.is_empty() && routed.len() > 50,
        "{differing:?} of {}",
        routed.len()
    );
}

#[tokio::test]
async fn a_link_that_was_used_or_is_too_old_says_so() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let change = site.platform.writer().begin().await.unwrap();
    let token = one_time::make(&*change, Purpose::Reset, Some(account), "", site.now_ns())
        .await
        .unwrap();
    change.commit().await.unwrap();
    let path = format!("/reset/{token}");
    let browser = site.browser();
    browser.get(&path).await.is(200);
    let fields = [("password", "Another_1"), ("again", "Another_1")];
    browser.post(&path, &fields).await.leads_to("/sign-in");
    browser.get(&path).await.is(410);
    browser.post(&path, &fields).await.is(410);
    // A token for one purpose is none for another.
    browser.get(&format!("/set-up/{token}")).await.is(410);
}

/// What a form may ask for, by the names that several have.
const FIELDS: &[&str] = &[
    "again",
    "answer",
    "captcha",
    "captcha_token",
    "code",
    "comment",
    "content",
    "current",
    "department",
    "description",
    "email",
    "from",
    "hospital",
    "id",
    "kind",
    "mobile",
    "name",
    "number",
    "password",
    "q",
    "reason",
    "request",
    "role",
    "subject",
    "text",
    "title",
    "to",
    "value",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_in_an_address_or_a_form_is_no_failure() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let cast = [
        site.browser(),
        site.administrator(here).await,
        site.officer("organisations").await,
        site.officer("accounts").await,
        site.officer("audit").await,
    ];
    let fields: Vec<(&str, &str)> = FIELDS.iter().map(|name| (*name, "a\0b")).collect();
    let mut failed = BTreeSet::new();
    for (method, path, ..) in ROWS
        .iter()
        .filter(|(_, path, ..)| !["/live", "/sign-out"].contains(path))
    {
        let mut filled = String::new();
        for (place, piece) in path.split(['{', '}']).enumerate() {
            filled.push_str(if place % 2 == 1 { "%00" } else { piece });
        }
        for browser in &cast {
            let page = match *method {
                "GET" => {
                    let asked = format!("{filled}?q=%00&after=%00&to=%00&state=%00&kind=%00&from=%00");
                    browser.send(Method::GET, &asked, None, &[]).await
                }
                _ => browser.post(&filled, &fields).await,
            };
            if page.status.is_server_error() {
                failed.insert(format!("{method} {path}: {}", page.status));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
