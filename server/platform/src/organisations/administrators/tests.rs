//! Appointments to the platform's offices.

use crate::permissions::{Kind, Permission};
use crate::test_site::{Page, Site};

const PATH: &str = "/platform/administrators";

async fn membership(site: &Site, account: i64) -> i64 {
    site.count(&format!(
        "SELECT MAX(id) FROM memberships WHERE person = {account}"
    ))
    .await
}

fn says(page: &Page, sentence: &str) {
    page.is(422);
    assert!(page.text.contains(sentence), "{sentence}: {}", page.text);
}

#[tokio::test]
async fn an_account_is_appointed_to_one_office_and_never_to_two() {
    let site = Site::new().await;
    let officer = site.officer("accounts").await;
    let (account, mobile) = site.account("郑审计").await;
    officer
        .post(PATH, &[("mobile", &mobile), ("office", "audit")])
        .await
        .leads_to(PATH);
    let page = officer.get(PATH).await.text;
    assert!(page.contains("郑审计") && page.contains("审计管理员"));
    let own = site.own().await;
    let auditor = site.signed_in(account, Some(own)).await;
    auditor.get("/platform/audit").await.is(200);
    auditor.get("/platform/organisations").await.is(403);
    auditor.get(PATH).await.is(403);
    assert!(
        auditor
            .get("/notifications")
            .await
            .text
            .contains("您已被任命为平台管理员")
    );
    for office in ["system", "security", "audit"] {
        let page = officer
            .post(PATH, &[("mobile", &mobile), ("office", office)])
            .await;
        says(&page, "该人员已担任平台管理员");
        assert_eq!(page.value("mobile"), mobile);
    }
    // The security administrator cannot take another office either.
    let own_mobile = site
        .count("SELECT CAST(mobile AS BIGINT) FROM people WHERE name = '王管理'")
        .await
        .to_string();
    says(
        &officer
            .post(PATH, &[("mobile", &own_mobile), ("office", "audit")])
            .await,
        "该人员已担任平台管理员",
    );
    officer.get(PATH).await.is(200);
    let entries = site.entries("office.appointed").await;
    assert_eq!(
        (entries.len(), entries[0].subject.clone()),
        (1, Some(format!("person:{account}")))
    );
}

#[tokio::test]
async fn an_appointment_ends_at_once_and_the_last_of_an_office_stays() {
    let site = Site::new().await;
    let officer = site.officer("accounts").await;
    let own = site.own().await;
    let appoint = async |name: &str, office: &str| {
        let (account, mobile) = site.account(name).await;
        officer
            .post(PATH, &[("mobile", &mobile), ("office", office)])
            .await
            .leads_to(PATH);
        account
    };
    let (first, second) = (appoint("甲", "system").await, appoint("乙", "system").await);
    let browser = site.signed_in(first, Some(own)).await;
    browser.get("/platform/organisations").await.is(200);
    let end = async |account: i64| {
        let id = membership(&site, account).await;
        officer.post(&format!("{PATH}/{id}/end"), &[]).await
    };
    end(first).await.leads_to(PATH);
    browser.get("/platform/organisations").await.is(403);
    end(first).await.is(404);
    end(second).await.is(409);
    assert_eq!(
        crate::people::store::holding(site.platform.readers(), "organisations")
            .await
            .unwrap(),
        [second]
    );
    // Whoever held an office may be appointed again, to another one.
    let mobile = crate::people::store::one(site.platform.readers(), first)
        .await
        .unwrap()
        .unwrap()
        .mobile
        .unwrap();
    officer
        .post(PATH, &[("mobile", &mobile), ("office", "audit")])
        .await
        .leads_to(PATH);
    end(first).await.is(409);
    // The last security administrator does not end the own appointment.
    let me = site.count("SELECT id FROM people WHERE name = '王管理'").await;
    end(me).await.is(409);
    assert_eq!(site.entries("office.ended").await.len(), 1);
}

#[tokio::test]
async fn wrong_fields_are_said_and_only_active_staff_is_appointed() {
    let site = Site::new().await;
    let officer = site.officer("accounts").await;
    let (account, mobile) = site.account("待审").await;
    let set = async |column: &str, value: &str| {
        let change = site.platform.writer().begin().await.unwrap();
        let mut sql = database::Sql::new(format!("UPDATE people SET {column} = "));
        sql.bind(value)
            .push(" WHERE id = ")
            .bind(account)
            .run(&*change)
            .await
            .unwrap();
        change.commit().await.unwrap();
    };
    for (column, value, back) in [("state", "pending", "active"), ("kind", "patient", "staff")] {
        set(column, value).await;
        says(
            &officer
                .post(PATH, &[("mobile", &mobile), ("office", "audit")])
                .await,
            "没有使用该手机号的正常账号",
        );
        set(column, back).await;
    }
    for (mobile, office, sentence) in [
        ("", "audit", "请填写此项"),
        ("12", "audit", "请填写 11 位手机号码"),
        ("13999999999", "audit", "没有使用该手机号的正常账号"),
        ("<script>", "audit", "请填写 11 位手机号码"),
        (&"1".repeat(41), "audit", "最多 40 个字符"),
        (&mobile, "", "请从列表中选择"),
        (&mobile, "king", "请从列表中选择"),
    ] {
        let page = officer
            .post(PATH, &[("mobile", mobile), ("office", office)])
            .await;
        says(&page, sentence);
        assert!(!page.text.contains("<script>\""));
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM memberships").await, 1);
}

#[tokio::test]
async fn others_are_refused_and_memberships_elsewhere_are_not_ended_here() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let (account, mobile) = site.account("冯医生").await;
    site.join(
        account,
        hospital,
        site.role(hospital, &[Permission::StudiesView]).await,
    )
    .await;
    let elsewhere = membership(&site, account).await;
    let officer = site.officer("accounts").await;
    officer
        .post(&format!("{PATH}/{elsewhere}/end"), &[])
        .await
        .is(403);
    officer.post(&format!("{PATH}/999999/end"), &[]).await.is(404);
    assert_eq!(site.entries("access.refused").await.len(), 1);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM memberships WHERE state = 'ended'")
            .await,
        0
    );
    let own = membership(&site, site.count("SELECT MAX(id) FROM people").await).await;
    for who in [
        site.administrator(hospital).await,
        site.officer("organisations").await,
        site.officer("audit").await,
    ] {
        who.get(PATH).await.is(403);
        who.post(PATH, &[("mobile", &mobile), ("office", "audit")])
            .await
            .is(403);
        who.post(&format!("{PATH}/{own}/end"), &[]).await.is(403);
    }
}
