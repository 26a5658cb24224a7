//! The customer area: services, orders, renewals.

mod account_data;
mod account_password;
mod account_proof;
mod address_mail;
mod order_view;
mod service_order;
mod service_view;
mod ticket_view;
mod withdrawal_form;

sportello_runtime::operations! {
    account_register::AccountRegister,
    account_confirm_read::AccountConfirmRead,
    account_confirm::AccountConfirm,
    account_read::AccountRead,
    account_change::AccountChange,
    account_recover::AccountRecover,
    account_recover_read::AccountRecoverRead,
    account_recover_finish::AccountRecoverFinish,
    account_password_change::AccountPasswordChange,
    account_email_change::AccountEmailChange,
    account_email_confirm_read::AccountEmailConfirmRead,
    account_email_confirm::AccountEmailConfirm,
    account_otp_enrol::AccountOtpEnrol,
    account_otp_confirm::AccountOtpConfirm,
    account_otp_remove::AccountOtpRemove,
    session_open::SessionOpen,
    session_close::SessionClose,
    service_list::ServiceList,
    service_read::ServiceRead,
    service_cancel::ServiceCancel,
    withdrawal_form_read::WithdrawalFormRead,
    withdrawal_form_send::WithdrawalFormSend,
    service_renew::ServiceRenew,
    auto_renewal_change::AutoRenewalChange,
    credential_add::CredentialAdd,
    offer_list::OfferList,
    order_place::OrderPlace,
    order_list::OrderList,
    order_read::OrderRead,
    order_pay::OrderPay,
    order_cancel::OrderCancel,
    order_invoice::OrderInvoice,
    payment_method_add::PaymentMethodAdd,
    payment_method_list::PaymentMethodList,
    payment_method_remove::PaymentMethodRemove,
    help_read::HelpRead,
    ticket_open::TicketOpen,
    ticket_list::TicketList,
    unlock_by_link_read::UnlockByLinkRead,
    unlock_by_link::UnlockByLink,
}
