//! The pages that publishing is managed on: the studies with how it stands with each, what is decided about several at once,
//! and the rule for all others.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{RawQuery, State as Shared};
use axum::routing::get;
use maud::{Markup, html};
use pacs::access::{self, Restriction};
use pacs::http::App;
use pacs::index::publication::{decide, decided};
use pacs::index::{Index, StudyRow, StudySearch};

use super::model::{Act, MOST_HOURS};
use super::{Rule, State, store};
use crate::permissions::{Action, Resource, Study};
use crate::sign_in::local_path;
use crate::studies::{self, Asked, Asking, PAGE, is_uid};
use crate::ui::{self, View};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Result, filters};

/// Studies that are decided about at once at most.
const AT_ONCE: usize = 100;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/publishing", get(list).post(change))
        .route("/publishing/rule", get(ask_rule).post(set_rule))
}

/// Whether whoever asks decides what is published; gives the organisation.
async fn may_publish(visit: &Visit) -> Result<i64> {
    let organisation = visit.organisation()?;
    let anything = Study::default();
    visit
        .may(Action::StudyPublish, Resource::Study(&anything))
        .await?;
    Ok(organisation)
}

/// How it stands with studies of the active organisation, by their UIDs.
///
/// # Errors
///
/// The database's.
pub(crate) async fn states_of(
    visit: &Visit,
    index: &Index,
    studies: &[StudyRow],
) -> Result<BTreeMap<String, State>> {
    if studies.is_empty() {
        return Ok(BTreeMap::new());
    }
    let organisation = visit.organisation()?;
    let rule = store::rule(visit.platform().readers(), organisation).await?;
    let now_ns = visit.now_ns();
    let uids = studies.iter().map(|study| study.study_uid.as_str());
    let decisions = decided(index.readers(), uids.clone()).await?;
    let within = Restriction {
        publication: Some(rule.publication(now_ns)),
        ..Restriction::of(vec![organisation])
    };
    let published = index
        .studies(&StudySearch::of(uids.clone()), within, None, studies.len() as u64)
        .await?;
    let states = uids.map(|uid| {
        let is_published = published.iter().any(|study| study.study_uid == uid);
        let state = State::of(decisions.get(uid).copied(), is_published, rule, now_ns);
        (uid.to_owned(), state)
    });
    Ok(states.collect())
}

/// The buttons that decide about the studies that are ticked in a form; then the list at this address is shown again.
pub(crate) fn decisions(view: &View, back: &str) -> Markup {
    let to: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    let address = format!("/publishing?to={to}");
    html! {
        @for act in ["now", "at", "withdraw", "by-rule"] {
            button type="submit" name="act" value=(act) formaction=(address) formmethod="post" {
                (view.say(&format!("publishing-do-{act}")))
            }
        }
    }
}

async fn list(
    visit: Visit,
    asking: Asking,
    Shared(archive): Shared<App>,
    RawQuery(query): RawQuery,
) -> Result<Markup> {
    let organisation = may_publish(&visit).await?;
    let mut within = studies::may(&visit, &asking, access::Action::Find, None).await?;
    let fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let asked = Asked::read(&fields)?;
    let rule = store::rule(visit.platform().readers(), organisation).await?;
    let wanted = match fields.get("state") {
        "published" => Some(true),
        "unpublished" => Some(false),
        _ => None,
    };
    within.publication = wanted.map(|is_published| pacs::index::Publication {
        is_published,
        ..rule.publication(visit.now_ns())
    });
    let index = archive.archive().index();
    let limit = PAGE as u64 + 1;
    let mut found = index
        .studies(&asked.search, within, asked.after.clone(), limit)
        .await?;
    let state = if wanted.is_some() { fields.get("state") } else { "" };
    let back = asked.address("/publishing", &[("state", state)]);
    let pager = studies::pager(&mut found, &asked, back.clone());
    let states = states_of(&visit, index, &found).await?;
    let view = visit.view();
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|study| studies::row(view, study, Some(states.get(&study.study_uid).copied())))
        .collect();
    let own = html! {
        label.paired { span { (view.say("publishing-state")) }
            select name="state" {
                option value="" { (view.say("all")) }
                @for word in ["published", "unpublished"] {
                    option value=(word) selected[word == state] { (view.say(&format!("publishing-state-{word}"))) }
                }
            }
        }
    };
    let search = filters::form(&visit, "/publishing", studies::search_form(view, &asked, own)).await?;
    Ok(ui::page(
        &visit,
        &view.say("publishing"),
        html! {
            div.head {
                h1 { (view.say("publishing")) }
                (ui::button_link("/publishing/rule", &view.say("publishing-rule-change"), false))
            }
            p.quiet { (view.say("publishing-rule")) " " (rule_words(view, rule)) }
            (search)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else {
                form.picks method="post" action="/publishing" {
                    (ui::table(view, "publishing", &studies::columns(view, true), &rows))
                    div.row { (decisions(view, &back)) }
                }
            }
            (ui::pager(view, &pager))
        },
    ))
}

fn rule_words(view: &View, rule: Rule) -> String {
    let key = format!("publishing-rule-{}", rule.word());
    let hours = i64::from(rule.hours().unwrap_or(0));
    view.say_with(&key, &[("hours", hours.into())]).into_owned()
}

/// What a form decides, and about which studies.
struct Deciding {
    act: Act,
    study_uids: Vec<String>,
}

/// Reads what is decided; what is wrong with it is said in the form.
fn read(visit: &Visit, form: &mut Form) -> Result<Deciding> {
    let mut study_uids: Vec<String> = form.chosen("study").map(str::to_owned).collect();
    study_uids.sort_unstable();
    study_uids.dedup();
    if study_uids.len() > AT_ONCE || !study_uids.iter().all(|uid| is_uid(uid)) {
        return Err(Error::BadRequest(format!(
            "study: expected at most {AT_ONCE} UIDs"
        )));
    }
    if study_uids.is_empty() {
        form.refuse("study", Wrong::new("wrong-study-none"));
    }
    let act = match form.choice("act", &Act::WORDS) {
        "at" => Act::At(moment(visit, form)),
        "withdraw" => Act::Withdraw,
        "by-rule" => Act::ByRule,
        _ => Act::Now,
    };
    Ok(Deciding { act, study_uids })
}

/// The moment that was typed: one to come.
fn moment(visit: &Visit, form: &mut Form) -> i64 {
    let typed = visit.view().zone.minute_begins_ns(form.typed("at"));
    let to_come = typed.filter(|at_ns| *at_ns > visit.now_ns());
    if to_come.is_none() {
        let key = if form.typed("at").is_empty() {
            "wrong-missing"
        } else {
            "wrong-time-to-come"
        };
        form.refuse("at", Wrong::new(key));
    }
    to_come.unwrap_or(0)
}

/// The form again: when the studies that were ticked are published, or that none was.
fn again(visit: &Visit, form: &Form, deciding: &Deciding, back: &str) -> Error {
    let view = visit.view();
    let count = i64::try_from(deciding.study_uids.len()).unwrap_or(i64::MAX);
    let to: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    Error::Wrong(Box::new(ui::page(
        visit,
        &view.say("publishing"),
        html! {
            section.card.narrow {
                h1 { (view.say("publishing-do-at")) }
                @if let Some(wrong) = form.wrong("study") {
                    (ui::message(ui::Tone::Bad, &wrong.say(view.language)))
                } @else {
                    p { (view.say_with("publishing-of", &[("count", count.into())])) }
                    (ui::form(view, &format!("/publishing?to={to}"), html! {
                        @for study_uid in &deciding.study_uids { (ui::hidden("study", study_uid)) }
                        (ui::hidden("act", "at"))
                        (ui::line(view, form, "at", &view.say("publishing-at"), "datetime-local", "off"))
                        (ui::submit(&view.say("publishing-do-at")))
                    }))
                }
                p.links { a href=(back) { (view.say("publishing-back")) } }
            }
        },
    )))
}

async fn change(
    visit: Visit,
    asking: Asking,
    Shared(archive): Shared<App>,
    RawQuery(query): RawQuery,
    sent: Fields,
) -> Result<Done> {
    let organisation = may_publish(&visit).await?;
    let within = studies::may(&visit, &asking, access::Action::Find, None).await?;
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let back = match query.get("to") {
        "" => "/publishing".to_owned(),
        to => local_path(to).to_owned(),
    };
    let mut form = Form::new(sent);
    let deciding = read(&visit, &mut form)?;
    if form.is_wrong() {
        return Err(again(&visit, &form, &deciding, &back));
    }
    let Deciding { act, study_uids } = deciding;
    let index = archive.archive().index();
    let search = StudySearch::of(&study_uids);
    let found = index.studies(&search, within, None, AT_ONCE as u64).await?;
    if found.len() < study_uids.len() {
        return Err(Error::NotFound);
    }
    let change = visit.begin(&form).await?;
    for study_uid in study_uids {
        let decision = act.decision(visit.now_ns());
        decide(&*change, &study_uid, decision).await?;
        let mut entry = visit.entry(act.kind());
        entry.organisation = Some(organisation);
        entry.study_uid = Some(study_uid);
        if let Act::At(at_ns) = act {
            let at = visit.view().zone.minute(at_ns);
            entry.detail = Some(serde_json::json!({ "at": at }).to_string());
        }
        change.record(entry).await?;
    }
    change.lead_to(back).await
}

async fn ask_rule(visit: Visit) -> Result<Markup> {
    let organisation = may_publish(&visit).await?;
    let rule = store::rule(visit.platform().readers(), organisation).await?;
    let hours = rule.hours().map_or(String::new(), |hours| hours.to_string());
    let form = Form::filled([("rule", rule.word().to_owned()), ("hours", hours)]);
    Ok(rule_page(&visit, &form))
}

fn rule_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    let rules = Rule::WORDS.map(|word| {
        let words = view.say(&format!("publishing-choice-{word}")).into_owned();
        (word.to_owned(), words)
    });
    ui::page(
        visit,
        &view.say("publishing-rule-change"),
        html! {
            h1 { (view.say("publishing-rule-change")) }
            section.card.narrow {
                p.quiet { (view.say("publishing-rule-about")) }
                (ui::form(view, "/publishing/rule", html! {
                    (ui::choice(view, form, "rule", &view.say("publishing-rule"), &rules))
                    (ui::line(view, form, "hours", &view.say("publishing-hours"), "number", "off"))
                    (ui::submit(&view.say("save")))
                }))
            }
        },
    )
}

async fn set_rule(visit: Visit, sent: Fields) -> Result<Done> {
    let organisation = may_publish(&visit).await?;
    let mut form = Form::new(sent);
    let rule = match form.choice("rule", &Rule::WORDS) {
        "after" => {
            let hours = form.number("hours", 1, i64::from(MOST_HOURS));
            Rule::After {
                hours: u32::try_from(hours).unwrap_or(MOST_HOURS),
            }
        }
        "by-hand" => Rule::ByHand,
        _ => Rule::AtOnce,
    };
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(rule_page(&visit, &form))));
    }
    let change = visit.begin(&form).await?;
    let before = store::rule(&*change, organisation).await?;
    store::set_rule(&*change, organisation, rule).await?;
    let said = |rule: Rule| serde_json::json!({ "rule": rule.word(), "hours": rule.hours() });
    let mut entry = visit.entry("publishing.rule-changed");
    entry.subject = Some(format!("organisation:{organisation}"));
    entry.detail = Some(serde_json::json!({ "before": said(before), "after": said(rule) }).to_string());
    change.record(entry).await?;
    change.lead_to("/publishing").await
}
