//! POST /v1/selfcare/credentials/otp-token: activates a physical token that was bought, by its serial number and two codes in a row (rule 41).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::CredentialChange;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_rules::token::Position;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::TOKEN_FIELD;
use sportello_runtime::{Cx, Failure, Operation, Reply, lookup};
use sportello_store::commit::Commit;
use sportello_store::record::StoredToken;

use crate::confirmation::{Confirmed, confirm};
use crate::credentials::{changed, commit, guard, in_use};

/// Activates a physical token.
pub struct OtpTokenActivate;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// What is printed on it; case does not count.
    #[schemars(length(min = 1, max = 64))]
    serial: String,
    /// A code that it shows.
    first_code: Secret,
    /// The code that it shows next.
    second_code: Secret,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    password: Option<Secret>,
}

impl Operation for OtpTokenActivate {
    const SPEC: Spec = Spec::create("selfcare.otp-token.activate", "/v1/selfcare/credentials/otp-token")
        .summary("Activate a physical token that was bought, by its serial number and two codes in a row; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Lookups, Action::GetItem),
            grant(Table::Lookups, Action::UpdateItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .statuses(&[Status::ToActivate, Status::Active])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::TokenRefused, Code::NotBought, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let (owner, found) = (&holder.owner, &holder.records.auth);
        if !found.waits(CredentialKind::OtpToken, cx.now) {
            return Err(Code::NotBought.into());
        }
        guard(cx, found)?;
        let Confirmed { auth, update } = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let stock = cx.store.token(&lookup::token(cx.keys(), &input.serial)).await?;
        // A serial number that nobody has, one of somebody else's token and wrong codes are refused alike.
        let free = stock.filter(|token| token.identity.is_none());
        let proved = match &free {
            Some(token) => {
                let secret = cx.keys().open(token.pk.as_bytes(), &token.secret.0)?;
                let codes = (input.first_code.expose(), input.second_code.expose());
                let position = token.model.synchronise(&secret, codes, Position::default(), cx.now, &cx.policy().token);
                position.map_err(|error| Failure::fault(error.to_string()))?.map(|position| (token, secret, position))
            }
            None => None,
        };
        let Some((token, secret, position)) = proved else {
            // The proof was good and is used up all the same: a code is never good twice (rule 22).
            let mut commit = Commit::new();
            commit.update_auth(update, Code::ChangedMeanwhile);
            return Err(Failure::with(Code::TokenRefused, commit));
        };
        let mut after = changed(&auth, CredentialKind::OtpToken, |dates| dates.activate(cx.now)).map_err(|_| Code::ChangedMeanwhile)?;
        let sealed = cx.keys().data_key(owner, &auth.data_key)?.seal(cx.entropy(), owner, TOKEN_FIELD, &secret)?;
        after.token = Some(StoredToken { serial: token.serial.clone(), secret: sealed, model: token.model });
        let mut update = update.token(after.token.as_ref()).token_position(position).end_sessions();
        // What gives the codes today goes on doing so until the holder chooses otherwise (rule 42).
        if let Some(kind) = in_use(cx, &auth) {
            update = update.otp_mode(kind);
        }
        let done = (CredentialKind::OtpToken, CredentialChange::Activated);
        let mut commit = commit(cx, owner, &holder.records, (&auth, &after), update, done)?;
        commit.give_token(&token.pk, owner, Code::TokenRefused);
        Ok(Reply::after(commit, ()))
    }
}
