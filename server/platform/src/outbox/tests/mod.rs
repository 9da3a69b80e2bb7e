//! The outbox, with nothing connected and with stubs of providers.

mod providers;

use std::io::Write;
use std::sync::{Arc, Mutex};

use database::Sql;
use serde_json::{Value, json};

use super::providers::{Service, Sms};
use super::stub::{Meets, Stub};
use super::{Channel, Message, TEMPLATES, is_connected, send, store, text};
use crate::Platform;
use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS};
use crate::jobs::work_off;
use crate::language::Language;
use crate::settings::Settings;
use crate::test_site::{MONDAY_NS, Site};

const MOBILE: &str = "13812345678";

/// The last message: its state, whom it goes to, and what it says.
pub(crate) async fn last(platform: &Platform) -> (String, String, String) {
    let kept = store::list(platform.readers(), None, None, None, 1)
        .await
        .unwrap()
        .remove(0);
    let opened = kept.open(platform).unwrap().unwrap();
    (
        kept.state,
        opened.to,
        text(kept.language, &kept.template, &opened.arguments),
    )
}

/// The code of the last message.
pub(crate) async fn last_code(platform: &Platform) -> String {
    let kept = store::list(platform.readers(), None, None, None, 1)
        .await
        .unwrap()
        .remove(0);
    let opened = kept.open(platform).unwrap().unwrap();
    opened.arguments["code"].as_str().expect("a code").to_owned()
}

async fn send_one(site: &Site, channel: Channel, to: &str, template: &'static str, key: &str) {
    let message = Message {
        channel,
        person: None,
        to: to.to_owned(),
        template,
        arguments: &[
            ("code", "314159"),
            ("minutes", "5"),
            ("link", "https://uptake.example/reset/x"),
        ],
        organisation: None,
        key: key.to_owned(),
        at_ns: None,
        language: Language::Chinese,
    };
    let change = site.platform.writer().begin().await.unwrap();
    send(&site.platform, &*change, &message).await.unwrap();
    change.commit().await.unwrap();
}

async fn state(site: &Site, key: &str) -> (String, Option<String>, Option<String>) {
    let mut sql = Sql::new("SELECT state, error, provider_number FROM outbox WHERE key = ");
    let row = sql.bind(key).one(site.platform.readers()).await.unwrap().unwrap();
    (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap())
}

async fn job_state(site: &Site) -> String {
    let sql = Sql::new("SELECT state FROM jobs ORDER BY id DESC LIMIT 1");
    sql.one(site.platform.readers())
        .await
        .unwrap()
        .unwrap()
        .get(0)
        .unwrap()
}

async fn connected(service: Service) -> (Stub, Site) {
    let words: [(&str, &[&str]); 1] = [("code", &["code", "minutes"])];
    let (stub, account) = Stub::sms(service, &words, MONDAY_NS).await;
    (stub, with_sms(account).await)
}

async fn with_sms(account: Sms) -> Site {
    Site::with(Settings {
        sms: Some(account),
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn what_is_not_connected_stays_in_the_outbox_and_is_passed_on_by_a_person() {
    let site = Site::new().await;
    for channel in [Channel::Sms, Channel::Mail, Channel::WeChat] {
        assert!(!is_connected(&site.platform, channel));
    }
    send_one(&site, Channel::Sms, MOBILE, "code", "k1").await;
    work_off(&site.platform).await;
    assert_eq!(state(&site, "k1").await.0, "not-connected");
    assert_eq!(site.count("SELECT COUNT(*) FROM jobs").await, 0);
    let officer = site.officer("jobs").await;
    let page = officer.get("/platform/outbox").await;
    assert!(page.text.contains("未接入该渠道"), "{}", page.text);
    assert!(!page.text.contains(MOBILE) && !page.text.contains("314159"));
    let page = officer.get("/platform/outbox/1").await;
    assert!(!page.text.contains(MOBILE) && !page.text.contains("314159"));
    assert_eq!(site.entries("message.opened").await.len(), 0);
    let page = officer.get("/platform/outbox/1/content").await;
    assert!(
        page.text.contains(MOBILE) && page.text.contains("314159"),
        "{}",
        page.text
    );
    let opened = site.entries("message.opened").await;
    assert_eq!(opened[0].subject.as_deref(), Some("message:1"));
    // It is kept encrypted.
    let row = Sql::new("SELECT recipient, arguments FROM outbox");
    let row = row.one(site.platform.readers()).await.unwrap().unwrap();
    for column in 0..2 {
        let bytes: Vec<u8> = row.get(column).unwrap();
        let seen = String::from_utf8_lossy(&bytes);
        assert!(!seen.contains(MOBILE) && !seen.contains("314159"));
    }
    officer.get("/platform/outbox/4711").await.is(404);
    for query in ["state='--", "channel=%3Cscript%3E", "after=x", "after=-1"] {
        officer.get(&format!("/platform/outbox?{query}")).await.is(200);
    }
}

#[tokio::test]
async fn contents_are_removed_after_thirty_days_and_rows_after_half_a_year() {
    let site = Site::new().await;
    send_one(&site, Channel::Sms, MOBILE, "code", "k").await;
    for (days, kept, rows) in [(29, 1, 1), (2, 0, 1), (148, 0, 1), (2, 0, 0)] {
        site.pass(days * DAY_NS);
        let change = site.platform.writer().begin().await.unwrap();
        super::tidy(&*change, site.now_ns()).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(
            site.count("SELECT COUNT(*) FROM outbox WHERE recipient IS NOT NULL")
                .await,
            kept
        );
        assert_eq!(
            site.count("SELECT COUNT(*) FROM outbox WHERE arguments IS NOT NULL")
                .await,
            kept
        );
        assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, rows);
        if rows == 1 && kept == 0 {
            let page = site.officer("jobs").await.get("/platform/outbox/1/content").await;
            assert!(page.text.contains("已按期限删除"));
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_number_and_no_code_stands_in_the_log_the_journal_the_jobs_or_an_address() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("planted-to-be-found");
    let (stub, site) = connected(Service::Aliyun).await;
    for (number, meets) in [Meets::Taken, Meets::Lost, Meets::Busy, Meets::Refused]
        .into_iter()
        .enumerate()
    {
        stub.meets(meets);
        send_one(&site, Channel::Sms, MOBILE, "code", &format!("k{number}")).await;
        work_off(&site.platform).await;
    }
    stub.meets(Meets::Taken);
    // A registration, as a person does it.
    let browser = site.browser();
    let page = browser.get("/register/personal").await;
    let (token, shown) = site.read_captcha(&page).await;
    let fields = [
        ("mobile", "13987654321"),
        ("captcha_token", &token),
        ("captcha", &shown),
    ];
    let page = browser.post("/register/personal", &fields).await;
    page.leads_to("/register/personal/code");
    let code = last_code(&site.platform).await;
    work_off(&site.platform).await;
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("planted-to-be-found"),
        "the log is not what is looked at"
    );
    let ours: Vec<&str> = logged.lines().filter(|line| !is_of_the_client(line)).collect();
    let all = journal::Query {
        limit: 1000,
        ..journal::Query::default()
    };
    let journal = journal::find(site.platform.readers(), &all);
    let journal = format!("{:?}", journal.await.unwrap());
    let jobs = Sql::new("SELECT arguments, key, error FROM jobs")
        .all(site.platform.readers())
        .await;
    let jobs = format!("{:?}", jobs.unwrap());
    let others = Sql::new("SELECT subject FROM codes_asked")
        .all(site.platform.readers())
        .await;
    let one_time = Sql::new("SELECT content FROM one_time")
        .all(site.platform.readers())
        .await;
    let others = format!("{:?} {:?}", others.unwrap(), one_time.unwrap());
    for planted in [MOBILE, "314159", "13987654321", code.as_str()] {
        for (what, text) in [
            ("log", &ours.join("\n")),
            ("journal", &journal),
            ("jobs", &jobs),
            ("rows", &others),
        ] {
            assert!(!text.contains(planted), "{planted} in the {what}");
        }
    }
}

/// What the libraries of the connection say at the level of a debugger, which is never on at a site: the filter of the log
/// is of ours and of warnings.
fn is_of_the_client(line: &str) -> bool {
    ["TRACE", "DEBUG"].iter().any(|level| line.contains(level)) && !line.contains(" platform")
}

#[test]
fn each_template_has_words_with_what_stands_in_it() {
    for template in TEMPLATES {
        let arguments: serde_json::Map<String, Value> = template
            .arguments
            .iter()
            .map(|name| ((*name).to_owned(), Value::from(format!("<{name}>"))))
            .collect();
        for language in Language::ALL {
            let said = text(language, template.word, &Value::Object(arguments.clone()));
            for name in template.arguments {
                assert!(said.contains(&format!("<{name}>")), "{}: {said}", template.word);
            }
            assert!(
                language.has(&format!("outbox-template-{}", template.word)),
                "{}",
                template.word
            );
        }
    }
}
