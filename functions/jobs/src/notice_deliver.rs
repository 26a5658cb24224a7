//! jobs.notice.deliver: hands the outbox's new notices to the mail service; at least once each, under a lease.

use jiff::{SignedDuration, Timestamp};
use sportello_contract::problem::Language;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_notify::{Addressee, Channel, EmailAddress, Links, Mailer, Notice, Recipient, SendError, render, render_sms};
use sportello_runtime::access_history::Details;
use sportello_runtime::job::{Event, Report, describe};
use sportello_runtime::profile::Profile;
use sportello_runtime::registration::Registration;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Job, codes, reminder};
use sportello_store::key::{Owner, OwnerKind};
use sportello_store::outbox::{Lease, NoticeRecord, Outcome};
use tracing::{error, warn};

/// Delivers notices.
pub struct NoticeDeliver;

/// What became of one notice.
enum Delivery {
    /// The mail service took it.
    Sent,
    /// There is nobody to tell, which is no fault: what was asked for is not theirs.
    NotTheirs,
    /// It can never be delivered.
    Impossible(String),
    /// Another attempt makes sense.
    Later(String),
}

impl Job for NoticeDeliver {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.notice.deliver",
        summary: "Deliver the notices of the outbox by mail and SMS",
        trigger: Trigger::Stream { table: Table::Outbox, batch: 10 },
        grants: &[grant(Table::Outbox, Action::UpdateItem), grant(Table::Identities, Action::GetItem), grant(Table::Orders, Action::GetItem)],
        due: &[],
        memory: Memory::Small,
        sends_mail: true,
    };

    async fn run(cx: &Cx, event: Event) -> Result<Report, Failure> {
        let Event::Records(records) = event else { return Ok(Report::default()) };
        let mut report = Report::default();
        for record in records {
            match settle(cx, &record.pk).await {
                Ok(true) => report.done += 1,
                Ok(false) => report.skipped += 1,
                Err(late) => {
                    warn!(request_id = cx.request_id, notice = shown(&record.pk), problem = late.problem, "a notice will be tried again");
                    report.failed.push(record.sequence);
                }
            }
        }
        Ok(report)
    }
}

/// A notice that was not delivered yet.
pub(crate) struct Late {
    /// Why.
    pub problem: String,
    /// Since when it waits, where that is known.
    pub since: Option<Timestamp>,
}

impl Late {
    const fn unknown(problem: String) -> Self {
        Self { problem, since: None }
    }
}

/// Delivers one notice and settles it; answers whether it was sent now. An error asks to be called again.
pub(crate) async fn settle(cx: &Cx, id: &str) -> Result<bool, Late> {
    let policy = &cx.policy().notice;
    // A batch takes its time: each lease begins when it is taken.
    let now = cx.app.clock.now();
    let notice = match cx.store.lease_notice(id, policy, now).await.map_err(|error| Late::unknown(describe(&error.into())))? {
        Lease::Settled => return Ok(false),
        Lease::Held => return Err(Late::unknown("held by another consumer".to_owned())),
        Lease::Taken(notice) => notice,
    };
    let delivery = deliver(cx, &notice).await.unwrap_or_else(|failure| Delivery::Later(describe(&failure)));
    let given_up = now >= notice.created_at.saturating_add(SignedDuration::from_hours(i64::from(policy.give_up_hours))).unwrap_or(now);
    let (outcome, problem) = match delivery {
        Delivery::Sent | Delivery::NotTheirs => (Outcome::Sent, None),
        Delivery::Impossible(problem) => (Outcome::Dead, Some(problem)),
        Delivery::Later(problem) if given_up => (Outcome::Dead, Some(problem)),
        Delivery::Later(problem) => {
            let pause = SignedDuration::from_mins(i64::from(policy.redrive_minutes) * i64::from(notice.attempts));
            (Outcome::Again(now.saturating_add(pause).unwrap_or(now)), Some(problem))
        }
    };
    cx.store.settle_notice(&notice, outcome, policy, now).await.map_err(|error| Late::unknown(describe(&error.into())))?;
    match (outcome, problem) {
        (Outcome::Sent, _) => Ok(true),
        (Outcome::Again(_), problem) => Err(Late { problem: problem.unwrap_or_default(), since: Some(notice.created_at) }),
        (Outcome::Dead, problem) => {
            error!(request_id = cx.request_id, notice = shown(id), attempts = notice.attempts, problem, "a notice was given up");
            Ok(false)
        }
    }
}

async fn deliver(cx: &Cx, record: &NoticeRecord) -> Result<Delivery, Failure> {
    let impossible = |problem: &str| Ok(Delivery::Impossible(problem.to_owned()));
    let (Some(mailer), Some(texter)) = (&cx.app.mailer, &cx.app.texter) else { return Err(Failure::fault("this function sends nothing")) };
    let Ok(notice) = Notice::from_json(&record.notice) else { return impossible("the notice cannot be read") };
    if notice.at_most_once() && record.attempts > 1 {
        return impossible("it was begun before, and is sent at most once");
    }
    let Some(owner) = Owner::from_pk(&record.owner) else { return impossible("the notice has no owner") };
    let profile = cx.store.profile(&owner).await?;
    if let Notice::AccountRegistration { sealed, .. } = &notice {
        // Who has opened the account meanwhile needs the link no more; and nobody is reached at an address before it is their own.
        return if profile.is_some() { Ok(Delivery::NotTheirs) } else { register(cx, mailer, &notice, record, sealed).await };
    }
    let Some(sealed) = profile else {
        let anybody = matches!(notice, Notice::UsernameReminder { .. } | Notice::AccountRecovery { .. } | Notice::AccountExists { .. });
        return if anybody { Ok(Delivery::NotTheirs) } else { impossible("the owner is gone") };
    };
    let profile = Profile::open(cx, &owner, &sealed)?;
    let language = match notice.addressee() {
        // The provider's own people.
        Addressee::Support => sportello_notify::Language::It,
        Addressee::OnFile | Addressee::Sealed => spoken(sealed.language),
    };
    let mut links = links(cx, &owner, &notice, record)?;
    if matches!(&notice, Notice::Code { expires_at, .. } if cx.app.clock.now() >= *expires_at) {
        return impossible("the code is over");
    }
    if let Some(carried) = notice.sealed() {
        links.carried = Some(codes::open(cx, &owner, &sealed, carried)?.code);
    }
    if matches!(notice, Notice::AccountExists { .. } | Notice::AccountOpened { .. } | Notice::AccountRecovery { .. }) {
        links.carried = Some(profile.username.clone());
    }
    if let Notice::UsernameReminder { sealed, .. } = &notice {
        if !reminder::is_for(cx, &owner, &profile, sealed)? {
            return Ok(Delivery::NotTheirs);
        }
        links.carried = Some(profile.username.clone());
    }
    if let Notice::AccessMade { sealed: details, .. } = &notice {
        let key = cx.keys().data_key(&owner, &sealed.data_key)?;
        let details = Details::open(&owner, &key, &serde_json::from_value(details.as_str().into())?);
        // What cannot be opened any more is told all the same: that there was an access matters more than where.
        links.carried = Some(details.map(|details| details.name).unwrap_or_default());
    }
    let sent = match notice.channel() {
        Channel::Sms => {
            let Some(number) = codes::mobile(&profile, &cx.policy().code) else { return impossible("there is no number that messages go to") };
            match render_sms(&notice, language, &links, &cx.app.provider) {
                Ok(text) => texter.send(number, &text).await,
                Err(error) => return impossible(&error.to_string()),
            }
        }
        Channel::Mail => {
            // Only who reads the mails of the address on file is called by name.
            let given_name = if notice.addressee() == Addressee::OnFile { profile.given_name.as_str() } else { "" };
            let recipient = Recipient { given_name, language, is_holder: owner.kind == OwnerKind::Holder };
            let mail = match render(&notice, &recipient, &links, &cx.app.provider) {
                Ok(mail) => mail,
                Err(error) => return impossible(&error.to_string()),
            };
            match (notice.addressee(), notice.sealed_address(), &cx.app.support_mailbox) {
                (Addressee::OnFile, ..) => mailer.send(&profile.email, &mail, &record.pk).await,
                (Addressee::Sealed, Some(address), _) => {
                    let address = codes::open(cx, &owner, &sealed, address)?.code;
                    let Ok(address) = EmailAddress::parse(&address) else { return impossible("what is sealed in it is no address") };
                    mailer.send(&address, &mail, &record.pk).await
                }
                (Addressee::Support, _, Some(support)) => mailer.send_for(support, Some(&profile.email), &mail, &record.pk).await,
                // Somebody names a mailbox, and it goes there: what was written is not thrown away.
                (Addressee::Support, _, None) => return Ok(Delivery::Later("the provider's support has no mailbox".to_owned())),
                (Addressee::Sealed, None, _) => return impossible("there is no address that it goes to"),
            }
        }
    };
    Ok(settled(sent, &notice))
}

fn settled(sent: Result<String, SendError>, notice: &Notice) -> Delivery {
    match sent {
        Ok(_) => Delivery::Sent,
        // What is sent at most once is not tried again: whoever waits for a code asks for another one.
        Err(error) if error.is_transient() && !notice.at_most_once() => Delivery::Later(error.to_string()),
        Err(error) => Delivery::Impossible(error.to_string()),
    }
}

const fn spoken(language: Language) -> sportello_notify::Language {
    match language {
        Language::It => sportello_notify::Language::It,
        Language::En => sportello_notify::Language::En,
    }
}

/// Sends the link that opens an account to the address that it will be of: nobody's yet.
async fn register(cx: &Cx, mailer: &Mailer, notice: &Notice, record: &NoticeRecord, sealed: &str) -> Result<Delivery, Failure> {
    let registration = Registration::of_notice(cx, sealed)?;
    let owner = registration.owner(cx);
    let confirm = format!("{}/confirmations/{}", cx.app.addresses.customer_area, registration.link(cx)?);
    let links = Links { confirm: Some(confirm), ..links(cx, &owner, notice, record)? };
    let recipient = Recipient { given_name: "", language: spoken(registration.language), is_holder: false };
    match render(notice, &recipient, &links, &cx.app.provider) {
        Ok(mail) => Ok(settled(mailer.send(&registration.email, &mail, &record.pk).await, notice)),
        Err(error) => Ok(Delivery::Impossible(error.to_string())),
    }
}

/// Addresses for the mail: beginnings from configuration only, single-use tokens made from the notice itself.
fn links(cx: &Cx, owner: &Owner, notice: &Notice, record: &NoticeRecord) -> Result<Links, Failure> {
    let addresses = &cx.app.addresses;
    let base = match owner.kind {
        OwnerKind::Holder => &addresses.selfcare,
        OwnerKind::Customer => &addresses.customer_area,
    };
    let link = |purpose, path: &str| -> Result<String, Failure> {
        let token = Token::of_notice(*owner, &record.pk, purpose, record.created_at, cx.keys());
        Ok(format!("{base}/{path}/{}", token.seal(purpose, cx.keys(), cx.entropy())?))
    };
    Ok(Links {
        selfcare: base.clone(),
        customer_area: addresses.customer_area.clone(),
        // A customer's account is no identity: there is nothing to suspend.
        block: if notice.is_security() && owner.kind == OwnerKind::Holder { Some(link(Purpose::Block, "blocks")?) } else { None },
        unlock: match notice {
            Notice::RecoveryRefused { .. } if notice.carries_unlock_link() => Some(link(Purpose::UnlockRecovery, "unlocks")?),
            _ if notice.carries_unlock_link() => Some(link(Purpose::Unlock, "unlocks")?),
            _ => None,
        },
        confirm: match notice {
            Notice::AccountRecovery { .. } => Some(link(Purpose::AccountRecovery, "recoveries")?),
            Notice::AccountAddressConfirmation { .. } => Some(link(Purpose::AccountAddress, "emails")?),
            _ => None,
        },
        unlock_days: cx.policy().throttle.unlock_link_days,
        block_days: cx.policy().session.block_link_days,
        carried: None,
    })
}

/// A notice's key as a log may show it: its kind, without whom it is for.
pub(crate) fn shown(pk: &str) -> &str {
    pk.split('#').next().unwrap_or_default()
}
