//! POST /v1/selfcare/credentials/l3: activates a card or a remote signature that was bought, by its certificate (rule 43).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::identity::{IdentityType, Status};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::record::Bytes;

use crate::confirmation::{GRANTS, confirm};
use crate::credentials::{changed, commit, guard};
use crate::level_three::{Shown, Signature, activation_challenge, person};

/// Activates a credential of level 3.
pub struct L3Activate;

/// A credential of level 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strong {
    /// A smart card.
    SmartCard,
    /// A remote signature.
    RemoteSignature,
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Which was bought.
    credential: Strong,
    /// The challenge that the list of credentials shows, signed: CAdES-BES in DER. A card may show the certificate of its connection instead.
    #[serde(default)]
    signature: Option<Signature>,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    password: Option<Secret>,
}

impl Operation for L3Activate {
    const SPEC: Spec = Spec::create("selfcare.l3.activate", "/v1/selfcare/credentials/l3")
        .summary("Activate a card or a remote signature that was bought, by its certificate; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .authorities()
        .idempotent()
        .grants(GRANTS)
        .statuses(&[Status::Active])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::CertificateRefused, Code::NotBought, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let kind = match input.credential {
            Strong::SmartCard => CredentialKind::SmartCard,
            Strong::RemoteSignature => CredentialKind::RemoteSignature,
        };
        let auth = &holder.records.auth;
        // A minor has no level 3, whatever was bought (rule 38).
        if !auth.waits(kind, cx.now) || auth.kind == IdentityType::Minor {
            return Err(Code::NotBought.into());
        }
        guard(cx, auth)?;
        let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
        let challenge = activation_challenge(auth);
        let shown = match (&input.signature, kind) {
            (Some(signature), _) => Shown::Signature(signature, &challenge),
            (None, CredentialKind::SmartCard) => Shown::Connection,
            (None, _) => return Err(sportello_contract::problem::Problem::from(Code::MissingField).field("signature").into()),
        };
        let person = person(cx, &profile, shown)?;
        let confirmed = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let mut after = changed(&confirmed.auth, kind, |dates| {
            dates.activate(cx.now)?;
            // What was bought for longer than its certificate is good waits for another one then.
            dates.certified_until = Some(person.not_after);
            Ok(())
        })
        .map_err(|_| Code::ChangedMeanwhile)?;
        for credential in after.credentials.iter_mut().filter(|c| c.kind == kind && c.dates.activated_at == Some(cx.now)) {
            credential.certificate = Some(Bytes(person.fingerprint.to_vec()));
        }
        let update = confirmed.update.end_sessions();
        let commit = commit(cx, &holder.owner, &holder.records, (&confirmed.auth, &after), update, (kind, CredentialChange::Activated))?;
        Ok(Reply::after(commit, ()))
    }
}
