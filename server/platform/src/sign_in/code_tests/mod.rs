//! Codes by SMS: personal registration (ACC-02), the own mobile number (ACC-13), forgotten passwords (ACC-14), and what
//! people are told by SMS (ACC-01, ACC-04, ACC-28, ACC-29).

mod own;
mod told;

use std::collections::BTreeSet;

use crate::clock::{DAY_NS, MINUTE_NS};
use crate::jobs::work_off;
use crate::outbox::providers::Service;
use crate::outbox::stub::Stub;
use crate::outbox::tests::{last, last_code};
use crate::permissions::Kind;
use crate::settings::Settings;
use crate::test_site::{Browser, MONDAY_NS, PASSWORD, Page, Site};

const NEW: &str = "13700000001";

/// Asks for a code from an address that somebody is known at, or with the captcha.
async fn ask(site: &Site, browser: &Browser<'_>, path: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await;
    page.is(200);
    let mut fields = more.to_vec();
    let captcha = match page.text.contains("captcha_token") {
        true => Some(site.read_captcha(&page).await),
        false => None,
    };
    if let Some((token, shown)) = &captcha {
        fields.extend([("captcha_token", token.as_str()), ("captcha", shown.as_str())]);
    }
    browser.post(path, &fields).await
}

fn details<'a>(code: &'a str, name: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("code", code),
        ("name", name),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ]
}

/// Registers a patient, as a person does it where nothing is connected.
async fn register<'a>(site: &'a Site, mobile: &str) -> Browser<'a> {
    let browser = site.browser();
    let page = ask(site, &browser, "/register/personal", &[("mobile", mobile)]).await;
    page.leads_to("/register/personal/code");
    let code = last_code(&site.platform).await;
    let page = browser
        .post("/register/personal/code", &details(&code, "赵患者"))
        .await;
    page.leads_to("/");
    browser
}

#[tokio::test]
async fn a_patient_registers_with_a_code_and_is_in_an_empty_space() {
    let site = Site::new().await;
    let browser = site.browser();
    assert!(
        browser
            .get("/sign-in")
            .await
            .text
            .contains("href=\"/register/personal\"")
    );
    let page = ask(&site, &browser, "/register/personal", &[("mobile", NEW)]).await;
    page.leads_to("/register/personal/code");
    let page = browser.get("/register/personal/code").await;
    // Nothing is simulated: the page says who passes the code on.
    assert!(
        page.text.contains("尚未接入短信") && !page.text.contains(NEW),
        "{}",
        page.text
    );
    // The administrator reads it in the outbox.
    let officer = site.officer("jobs").await;
    let shown = officer.get("/platform/outbox/1/content").await.text;
    let code = last_code(&site.platform).await;
    assert!(shown.contains(&code) && shown.contains(NEW));
    browser
        .post("/register/personal/code", &details(&code, "赵患者"))
        .await
        .leads_to("/");
    for path in ["/", "/workbench"] {
        let page = browser.get(path).await;
        assert!(
            page.text.contains("我的空间") && page.text.contains("暂无检查"),
            "{}",
            page.text
        );
    }
    assert_eq!(
        site.count("SELECT COUNT(*) FROM people WHERE kind = 'patient' AND state = 'active'")
            .await,
        1
    );
    let registered = site.entries("account.registered").await;
    assert_eq!(registered[0].detail.as_deref(), Some("{\"kind\":\"patient\"}"));
    // With the password too; nothing of an organisation is open.
    let other = site.browser();
    other.sign_in(NEW, PASSWORD).await.leads_to("/");
    assert!(other.get("/workbench").await.text.contains("暂无检查"));
    other.get("/members").await.leads_to("/workbench");
    other.get("/platform/outbox").await.is(403);
    // By one who signed up from outside: the own space is open without a second factor.
    let outside = site.browser_at("223.5.5.5");
    outside.sign_in(NEW, PASSWORD).await.leads_to("/");
    assert!(outside.get("/").await.text.contains("暂无检查"));
}

#[tokio::test]
async fn a_number_that_has_an_account_is_refused_without_telling_strangers() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王医生").await;
    let (known, unknown) = (site.browser(), site.browser());
    let first = ask(&site, &known, "/register/personal", &[("mobile", &mobile)]).await;
    // The owner is told, and gets no code.
    let (_, to, words) = last(&site.platform).await;
    assert_eq!(to, mobile);
    assert!(words.contains("您已有账号"), "{words}");
    let second = ask(&site, &unknown, "/register/personal", &[("mobile", NEW)]).await;
    assert_eq!((first.status, &first.location), (second.status, &second.location));
    let answers = async |browser: &Browser<'_>| {
        let shown = browser.get("/register/personal/code").await;
        let wrong = browser
            .post("/register/personal/code", &details("000000", "赵患者"))
            .await;
        wrong.is(422);
        [without_once(&shown), without_once(&wrong)]
    };
    assert_eq!(answers(&known).await, answers(&unknown).await);
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 1);
}

/// A page without what differs each time.
fn without_once(page: &Page) -> String {
    let parts = page.text.split("name=\"once\" value=\"");
    let mut text = String::new();
    for (place, part) in parts.enumerate() {
        text.push_str(match place {
            0 => part,
            _ => part.split_once('"').unwrap().1,
        });
    }
    text
}

#[tokio::test]
async fn a_patient_signs_in_with_a_code_and_others_are_sent_none() {
    let site = Site::new().await;
    register(&site, NEW).await;
    let (_, staff) = site.account("王医生").await;
    let before = site.count("SELECT COUNT(*) FROM outbox").await;
    for mobile in [staff.as_str(), "13799999999"] {
        let page = ask(&site, &site.browser(), "/sign-in/sms", &[("mobile", mobile)]).await;
        page.leads_to("/sign-in/sms/code");
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, before);
    site.pass(MINUTE_NS);
    let browser = site.browser();
    ask(&site, &browser, "/sign-in/sms", &[("mobile", NEW)])
        .await
        .leads_to("/sign-in/sms/code");
    let code = last_code(&site.platform).await;
    // Typed with spaces, as it is read aloud.
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    let cookies = browser.cookies.lock().unwrap().clone();
    browser
        .post("/sign-in/sms/code", &[("code", &spaced)])
        .await
        .leads_to("/");
    assert!(browser.get("/").await.text.contains("暂无检查"));
    // It was good once.
    let again = site.browser();
    *again.cookies.lock().unwrap() = cookies;
    again.post("/sign-in/sms/code", &[("code", &code)]).await.is(422);
}

#[tokio::test]
async fn a_code_is_of_one_browser_one_purpose_five_minutes_and_five_tries() {
    let site = Site::new().await;
    let browser = site.browser();
    ask(&site, &browser, "/register/personal", &[("mobile", NEW)]).await;
    let code = last_code(&site.platform).await;
    // Another browser, which has asked for nothing.
    let other = site.browser();
    other
        .get("/register/personal/code")
        .await
        .leads_to("/register/personal");
    other
        .post("/register/personal/code", &details(&code, "赵患者"))
        .await
        .is(422);
    // Another purpose.
    browser
        .post("/sign-in/sms/code", &[("code", &code)])
        .await
        .is(422);
    // Four wrong ones, of which one was the sign-in's; what is wrong otherwise costs no try.
    let wrong = if code == "123456" { "654321" } else { "123456" };
    for _ in 0..3 {
        let page = browser
            .post("/register/personal/code", &details(wrong, "赵患者"))
            .await;
        assert!(page.text.contains("验证码不正确或已失效") && page.text.contains("赵患者"));
    }
    browser
        .post("/register/personal/code", &details(&code, ""))
        .await
        .is(422);
    browser
        .post("/register/personal/code", &details(&code, "=1+1"))
        .await
        .is(422);
    browser
        .post("/register/personal/code", &details(wrong, "赵患者"))
        .await
        .is(422);
    let page = browser
        .post("/register/personal/code", &details(&code, "赵患者"))
        .await;
    page.is(422);
    browser
        .get("/register/personal/code")
        .await
        .leads_to("/register/personal");
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 0);
    site.pass(MINUTE_NS);
    ask(&site, &browser, "/register/personal", &[("mobile", NEW)]).await;
    let code = last_code(&site.platform).await;
    site.pass(5 * MINUTE_NS);
    browser
        .post("/register/personal/code", &details(&code, "赵患者"))
        .await
        .is(422);
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 0);
}

#[tokio::test]
async fn codes_are_one_a_minute_and_ten_a_day_of_a_number_whoever_it_belongs_to() {
    let site = Site::new().await;
    let (_, known) = site.account("王医生").await;
    for mobile in [known.as_str(), NEW] {
        let post = async || {
            let page = ask(&site, &site.browser(), "/sign-in/sms", &[("mobile", mobile)]).await;
            let message = page
                .text
                .split("id=\"mobile-error\">")
                .nth(1)
                .map(|rest| rest.split('<').next().unwrap().to_owned());
            (page.status.as_u16(), message)
        };
        assert_eq!(post().await.0, 303);
        let (status, message) = post().await;
        assert_eq!(status, 422);
        assert_eq!(message.unwrap(), "每分钟只能获取一次验证码，请稍后再试");
        for _ in 1..10 {
            site.pass(MINUTE_NS);
            assert_eq!(post().await.0, 303);
        }
        site.pass(MINUTE_NS);
        assert_eq!(post().await.1.unwrap(), "获取验证码过于频繁，请稍后再试");
        site.pass(DAY_NS);
        assert_eq!(post().await.0, 303);
        site.pass(DAY_NS);
    }
}

#[tokio::test]
async fn forms_that_come_at_once_are_counted_one_after_the_other() {
    let site = Site::new().await;
    let browsers = [site.browser(), site.browser(), site.browser()];
    let asked = browsers
        .iter()
        .map(|browser| ask(&site, browser, "/register/personal", &[("mobile", NEW)]));
    let pages = futures_util::future::join_all(asked).await;
    let taken = pages.iter().filter(|page| page.status.as_u16() == 303);
    assert_eq!(taken.count(), 1);
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn codes_are_bounded_for_an_address_and_for_the_site() {
    let site = Site::new().await;
    let ask_at = async |address: &str, number: usize| {
        let browser = site.browser_at(address);
        let mobile = format!("139{number:08}");
        ask(&site, &browser, "/sign-in/sms", &[("mobile", &mobile)])
            .await
            .status
            .as_u16()
    };
    for number in 0..10 {
        assert_eq!(ask_at("223.5.5.5", number).await, 303);
    }
    assert_eq!(ask_at("223.5.5.5", 10).await, 422);
    assert_eq!(ask_at("223.5.5.6", 10).await, 303);
    let change = site.platform.writer().begin().await.unwrap();
    for _ in 0..600 {
        let mut sql = database::Sql::new("INSERT INTO codes_asked (subject, at_ns) VALUES ('site', ");
        sql.bind(site.now_ns()).push(")").run(&*change).await.unwrap();
    }
    change.commit().await.unwrap();
    assert_eq!(ask_at("223.5.5.7", 11).await, 422);
}

#[tokio::test]
async fn a_captcha_stands_before_the_first_code_of_an_address_that_nobody_knows() {
    let site = Site::new().await;
    let browser = site.browser_at("223.5.5.5");
    let page = browser.get("/register/personal").await;
    let (token, _) = site.read_captcha(&page).await;
    let fields = [("mobile", NEW), ("captcha_token", &token), ("captcha", "wrong")];
    let page = browser.post("/register/personal", &fields).await;
    page.is(422);
    assert!(page.text.contains("验证码不正确，请看新图重填") && page.text.contains(NEW));
    browser
        .post("/register/personal", &[("mobile", NEW)])
        .await
        .is(422);
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, 0);
    // Known by now: somebody has signed in from there.
    let (_, mobile) = site.account("王医生").await;
    site.browser_at("223.5.5.5")
        .sign_in(&mobile, PASSWORD)
        .await
        .is(303);
    assert!(
        !browser
            .get("/register/personal")
            .await
            .text
            .contains("captcha_token")
    );
    browser
        .post("/register/personal", &[("mobile", NEW)])
        .await
        .leads_to("/register/personal/code");
}

const HOSTILE: [&str; 9] = [
    "",
    " ",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "=HYPERLINK(\"x\")",
    "\u{202E}13800000000",
    "1380000\u{200B}0000",
    "１３８００００００００",
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
];

#[tokio::test]
async fn every_form_refuses_what_it_cannot_take_with_the_fields_own_sentence() {
    let site = Site::new().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let browser = site.browser();
    for value in HOSTILE {
        let has_sentence = |page: &Page, field: &str| {
            page.is(422);
            assert!(
                page.text.contains(&format!("id=\"{field}-error\"")),
                "{field} {value:?}"
            );
            assert!(!page.text.contains("<script>alert"));
        };
        for path in ["/register/personal", "/sign-in/sms"] {
            let page = ask(&site, &browser, path, &[("mobile", value)]).await;
            has_sentence(&page, "mobile");
        }
        let page = own
            .post("/profile/mobile", &[("mobile", value), ("current", PASSWORD)])
            .await;
        has_sentence(&page, "mobile");
        for path in ["/register/personal/code", "/sign-in/sms/code", "/forgotten/code"] {
            let page = browser
                .post(
                    path,
                    &[
                        ("code", value),
                        ("name", value),
                        ("password", value),
                        ("again", value),
                    ],
                )
                .await;
            page.is(422);
            assert!(
                page.text.contains("-error\"") && !page.text.contains("<script>alert"),
                "{path} {value:?}"
            );
        }
        has_sentence(
            &own.post("/profile/mobile/code", &[("code", value)]).await,
            "code",
        );
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM codes_asked").await, 0);
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, 0);
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 1);
}
