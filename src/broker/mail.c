/* mail.c — see mail.h. */
#include "broker/mail.h"

#include "core/record.h"

#include <assert.h>
#include <stdlib.h>

struct worker_mail *mail_new(enum mail_kind kind)
{
    struct worker_mail *mail = calloc(1, sizeof *mail);
    if (mail) {
        mail->kind = kind;
    }
    return mail;
}

struct worker_mail *mail_new_surely(enum mail_kind kind)
{
    struct worker_mail *mail = mail_new(kind);
    if (!mail) {
        abort();
    }
    return mail;
}

void mail_post(struct worker *to, struct worker_mail *mail)
{
    if (mailbox_post(&to->mailbox, &mail->mail)) {
        mailbox_wake(&to->mailbox);
    }
}

void mail_hear(struct worker *worker)
{
    struct mail *next = mailbox_take_all(&worker->mailbox);
    while (next) {
        struct worker_mail *mail = (struct worker_mail *)next;
        next = next->next;
        if (mail->kind == MAIL_PARCEL) {
            struct event event = {.kind = EVENT_PARCEL, .parcel = mail->parcel};
            struct effects effects;
            mail_step(worker, &event, &effects);
            free(mail);
        } else {
            mail->next = NULL;
            *worker->set_aside_end = mail;
            worker->set_aside_end = &mail->next;
        }
    }
}

struct worker_mail *mail_next_set_aside(struct worker *worker)
{
    struct worker_mail *mail = worker->set_aside;
    if (mail) {
        worker->set_aside = mail->next;
        if (!worker->set_aside) {
            worker->set_aside_end = &worker->set_aside;
        }
    }
    return mail;
}

void mail_free(struct worker_mail *mail)
{
    if (mail->kind == MAIL_PARCEL) {
        parcel_free(mail->parcel);
    } else if (mail->kind == MAIL_CONFIGURE) {
        free(mail->options);
    } else if (mail->kind == MAIL_LOGGED) {
        free(mail->logged.line);
    } else if (mail->kind == MAIL_RESTORED) {
        batch_free(mail->restored.batch);
    } else if (mail->kind == MAIL_FETCHED) {
        batch_free(mail->fetched);
    } else if (mail->kind == MAIL_STORE) {
        free(mail->store.words);
    }
    free(mail);
}

void mail_step(struct worker *worker, struct event *event, struct effects *effects)
{
    event->now_us = loop_now_us(worker->loop);
    core_step(worker->core, event, effects);
    worker->deadline_us = effects->deadline_us;
}
