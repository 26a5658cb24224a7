//! jobs.mail.feedback: takes what the mail service tells of mails after it took them: bounces, complaints, rejects.

use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_notify::Feedback;
use sportello_runtime::job::{Event, Message, Report, describe};
use sportello_runtime::{Cx, Failure, Job};
use tracing::{error, warn};

use crate::notice_deliver::shown;

/// Notes mails that came back.
pub struct MailFeedback;

impl Job for MailFeedback {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.mail.feedback",
        summary: "Note the mails that came back or were complained of",
        trigger: Trigger::Queue { queue: "mail-feedback", batch: 10 },
        grants: &[grant(Table::Outbox, Action::UpdateItem)],
        due: &[],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, event: Event) -> Result<Report, Failure> {
        let Event::Messages(messages) = event else { return Ok(Report::default()) };
        let mut report = Report::default();
        for message in messages {
            match take(cx, &message).await {
                Ok(true) => report.done += 1,
                Ok(false) => report.skipped += 1,
                // What nobody can read becomes a dead letter of the queue.
                Err(problem) => {
                    warn!(request_id = cx.request_id, queued = message.id, problem, "a message of the mail service will be tried again");
                    report.failed.push(message.id);
                }
            }
        }
        Ok(report)
    }
}

/// What SES posts once, when it is told to send its events somewhere: plain words, no event.
const GREETING: &str = "Successfully validated SNS topic";

async fn take(cx: &Cx, message: &Message) -> Result<bool, String> {
    if message.body.starts_with(GREETING) {
        return Ok(false);
    }
    let feedback = Feedback::from_json(&message.body).map_err(|error| format!("no event of the mail service: {error}"))?;
    let Some(Feedback { notice: Some(notice), what }) = feedback else { return Ok(false) };
    let news = cx.store.return_notice(&notice, &what, cx.now).await.map_err(|error| describe(&error.into()))?;
    if news {
        error!(request_id = cx.request_id, notice = shown(&notice), what, "a notice came back");
    }
    Ok(news)
}
