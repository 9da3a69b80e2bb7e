//! Accounts from their registration to their end.

use crate::clock::SECOND_NS;
use crate::permissions::{Kind, Permission};
use crate::test_site::{Browser, PASSWORD, Page, Site};

async fn register(site: &Site, browser: &Browser<'_>, mobile: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get("/register").await;
    let (token, shown) = site.read_captcha(&page).await;
    let mut fields = vec![
        ("kind", "doctor"),
        ("mobile", mobile),
        ("name", "王小明"),
        ("hospital", "第一医院"),
        ("department", "核医学科"),
        ("title", "主治医师"),
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("captcha_token", &token),
        ("captcha", &shown),
    ];
    for (name, value) in more {
        fields.retain(|(field, _)| field != name);
        fields.push((name, value));
    }
    browser.post("/register", &fields).await
}

async fn account_of(site: &Site, mobile: &str) -> i64 {
    site.count(&format!("SELECT id FROM people WHERE mobile = '{mobile}'"))
        .await
}

#[tokio::test]
async fn a_doctor_registers_and_signs_in_only_after_a_reviewer_has_approved() {
    let site = Site::new().await;
    let security = site.officer("accounts").await;
    let (browser, mobile) = (site.browser(), site.mobile());
    register(&site, &browser, &mobile, &[])
        .await
        .leads_to("/register/sent");
    let page = browser.sign_in(&mobile, PASSWORD).await;
    page.is(403);
    assert!(page.text.contains("正在审核中"));
    let account = account_of(&site, &mobile).await;
    let path = format!("/platform/accounts/{account}");
    let page = security.get("/notifications").await;
    assert!(page.text.contains("提交了注册申请") && page.text.contains(&path));
    // A reason is needed, and is told.
    security
        .post(&format!("{path}/reject"), &[("reason", "")])
        .await
        .is(422);
    security
        .post(&format!("{path}/reject"), &[("reason", "证件不清晰")])
        .await
        .leads_to(&path);
    let page = browser.sign_in(&mobile, PASSWORD).await;
    page.is(403);
    assert!(page.text.contains("证件不清晰"));
    assert!(
        !security
            .get("/notifications")
            .await
            .text
            .contains("提交了注册申请")
    );
    // The same person, known by the password, registers again; another does not take the number over.
    register(
        &site,
        &browser,
        &mobile,
        &[("password", "Another_1"), ("again", "Another_1")],
    )
    .await
    .is(422);
    register(&site, &browser, &mobile, &[("title", "副主任医师")])
        .await
        .leads_to("/register/sent");
    assert_eq!(account_of(&site, &mobile).await, account);
    security
        .post(&format!("{path}/approve"), &[])
        .await
        .leads_to(&path);
    security.post(&format!("{path}/approve"), &[]).await.is(409);
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    assert!(browser.get("/notifications").await.text.contains("已通过审核"));
    for (kind, count) in [
        ("account.registered", 2),
        ("account.rejected", 1),
        ("account.approved", 1),
    ] {
        assert_eq!(site.entries(kind).await.len(), count, "{kind}");
    }
}

#[tokio::test]
async fn nobody_registers_as_what_administrators_make_or_under_a_number_that_is_taken() {
    let site = Site::new().await;
    let (_, taken) = site.account("李四").await;
    let browser = site.browser();
    for kind in ["institution", "follow-up", "patient", "administrator", ""] {
        register(&site, &browser, &site.mobile(), &[("kind", kind)])
            .await
            .is(403);
    }
    let page = register(&site, &browser, &taken, &[]).await;
    page.is(422);
    assert!(page.text.contains("该手机号已注册"));
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 1);
}

#[tokio::test]
async fn each_wrong_field_of_the_registration_says_so_and_nothing_typed_is_lost() {
    let site = Site::new().await;
    let browser = site.browser();
    let long = "长".repeat(300);
    let mut tried = 0;
    for field in ["name", "hospital", "department", "title", "mobile"] {
        for value in [
            "",
            &long,
            "<script>alert(1)</script>",
            "'; DROP TABLE people; --",
            "=cmd|' /C calc'!A0",
            "王\u{202E}明",
        ] {
            let mobile = site.mobile();
            let page = register(&site, &browser, &mobile, &[(field, value)]).await;
            page.is(422);
            let at = page
                .text
                .find(&format!("id=\"{field}-error\""))
                .unwrap_or_else(|| panic!("{field} {value}: {}", page.text));
            assert!(page.text[at..].len() > 10);
            // What was typed stands in the form again, as text.
            assert!(page.text.contains("主治医师") || field == "title");
            assert!(!page.text.contains("<script>alert"));
            tried += 1;
        }
    }
    for (password, again) in [("", ""), ("short", "short"), (PASSWORD, "Nuclear_2")] {
        register(
            &site,
            &browser,
            &site.mobile(),
            &[("password", password), ("again", again)],
        )
        .await
        .is(422);
    }
    assert_eq!(tried, 30);
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 0);
}

#[tokio::test]
async fn closing_an_account_ends_its_sessions_at_once_and_keeps_its_name() {
    let site = Site::new().await;
    let security = site.officer("accounts").await;
    let (account, mobile) = site.account("王小明").await;
    let browser = site.signed_in(account, None).await;
    browser.get("/").await.is(200);
    let path = format!("/platform/accounts/{account}");
    security
        .post(&format!("{path}/close"), &[("reason", "")])
        .await
        .is(422);
    security
        .post(&format!("{path}/close"), &[("reason", "离职")])
        .await
        .leads_to(&path);
    browser.get("/").await.is(303);
    assert!(browser.get("/sign-in").await.text.contains("账号已注销"));
    site.browser().sign_in(&mobile, PASSWORD).await.is(422);
    assert!(security.get(&path).await.text.contains("王小明"));
    // The number may be somebody else's from now on.
    register(&site, &site.browser(), &mobile, &[])
        .await
        .leads_to("/register/sent");
    // Nobody closes the own account.
    let own = site
        .count("SELECT person FROM memberships ORDER BY id LIMIT 1")
        .await;
    security
        .post(&format!("/platform/accounts/{own}/close"), &[("reason", "x")])
        .await
        .is(409);
}

#[tokio::test]
async fn a_profile_is_changed_by_its_owner_and_read_again() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let role = site.role(organisation, &[]).await;
    site.join(account, organisation, role).await;
    let browser = site.signed_in(account, None).await;
    let fields = [
        ("name", "王晓明"),
        ("sex", "male"),
        ("email", "wang@example.cn"),
        ("hospital", "第一医院"),
        ("department", "核医学科"),
        ("title", "主任医师"),
        ("biography", "从事 PET-CT 诊断\n二十年，SUV < 2.5"),
        ("reading_tool", "v2"),
        ("idle_sign_out", "1"),
        ("default_organisation", &organisation.to_string()),
    ];
    browser.post("/profile", &fields).await.leads_to("/profile");
    let page = browser.get("/profile").await;
    for words in ["王晓明", "wang@example.cn", "主任医师", "二十年，SUV &lt; 2.5"] {
        assert!(page.text.contains(words), "{words}");
    }
    for (field, value) in [
        ("email", "nonsense"),
        ("sex", "other"),
        ("reading_tool", "v4"),
        ("default_organisation", "999"),
        ("name", ""),
        ("biography", "\u{202E}"),
    ] {
        let mut changed: Vec<(&str, &str)> = fields
            .iter()
            .copied()
            .filter(|(name, _)| *name != field)
            .collect();
        changed.push((field, value));
        let page = browser.post("/profile", &changed).await;
        page.is(422);
        assert!(page.text.contains("class=\"error\""), "{field}");
    }
    assert_eq!(site.entries("profile.changed").await.len(), 1);
}

#[tokio::test]
async fn one_lands_in_the_organisation_that_was_chosen_and_on_the_workbench_when_it_is_gone() {
    let site = Site::new().await;
    let (account, mobile) = site.account("王小明").await;
    let mut organisations = Vec::new();
    for name in ["第一医院", "第二医院"] {
        let organisation = site.organisation(Kind::Hospital, name).await;
        let role = site.role(organisation, &[Permission::StudiesView]).await;
        site.join(account, organisation, role).await;
        organisations.push(organisation);
    }
    let browser = site.browser();
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/workbench");
    let second = organisations[1].to_string();
    let fields = [
        ("name", "王小明"),
        ("reading_tool", "v3"),
        ("default_organisation", second.as_str()),
    ];
    browser.post("/profile", &fields).await.leads_to("/profile");
    let again = site.browser();
    again.sign_in(&mobile, PASSWORD).await.leads_to("/");
    assert!(again.get("/organisation").await.text.contains("第二医院"));
    let change = site.platform.writer().begin().await.unwrap();
    let mut sql = database::Sql::new("UPDATE memberships SET state = 'ended' WHERE organisation = ");
    sql.bind(organisations[1]).run(&*change).await.unwrap();
    change.commit().await.unwrap();
    // The session that was there loses it with the next request; the next one lands elsewhere.
    again.get("/organisation").await.leads_to("/workbench");
    let third = site.browser();
    third.sign_in(&mobile, PASSWORD).await.leads_to("/");
    assert!(third.get("/organisation").await.text.contains("第一医院"));
}

#[tokio::test]
async fn a_session_is_listed_and_ended_by_its_owner_only() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let (here, there) = (
        site.signed_in(account, None).await,
        site.signed_in(account, None).await,
    );
    site.pass(SECOND_NS);
    here.get("/security").await.is(200);
    let page = here.get("/security").await;
    let path = page
        .text
        .split("action=\"/security/sessions/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let path = format!("/security/sessions/{path}");
    let (other, _) = site.account("李四").await;
    site.signed_in(other, None).await.post(&path, &[]).await.is(404);
    here.post(&path, &[]).await.leads_to("/security");
    here.get("/").await.is(200);
    there.get("/").await.is(303);
}

#[tokio::test]
async fn a_session_of_an_account_that_is_not_active_is_none() {
    let site = Site::new().await;
    for state in ["closed", "rejected", "pending"] {
        let (account, _) = site.account("王小明").await;
        let browser = site.signed_in(account, None).await;
        browser.get("/").await.is(200);
        // The session itself was not ended: the account's state alone decides.
        let change = site.platform.writer().begin().await.unwrap();
        let mut sql = database::Sql::new("UPDATE people SET state = ");
        sql.bind(state).push(" WHERE id = ").bind(account);
        sql.run(&*change).await.unwrap();
        change.commit().await.unwrap();
        browser.get("/").await.is(303);
    }
}
