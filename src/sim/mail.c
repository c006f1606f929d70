/* mail.c — see mail.h. */
#include "sim/mail.h"

#include "core/peers.h"
#include "core/record.h"

#include <stdlib.h>

struct mail *mail_new(enum mail_kind kind)
{
    struct mail *mail = calloc(1, sizeof *mail);
    if (!mail) {
        abort();
    }
    mail->kind = kind;
    return mail;
}

void mail_free(struct mail *mail)
{
    switch (mail->kind) {
    case MAIL_PARCEL:
        if (mail->parcel) {
            parcel_free(mail->parcel);
        }
        break;
    case MAIL_RESTORED: batch_free(mail->restored.batch); break;
    case MAIL_FETCHED: batch_free(mail->fetched); break;
    case MAIL_CONNECTION:
    case MAIL_PERSISTED:
    case MAIL_STORE_CHANGED:
    case MAIL_STOP: break;
    }
    free(mail);
}

void mailbox_put(struct mailbox *box, struct mail *mail)
{
    mail->next = NULL;
    if (box->last) {
        box->last->next = mail;
    } else {
        box->first = mail;
    }
    box->last = mail;
    box->count++;
}

struct mail *mailbox_take(struct mailbox *box)
{
    struct mail *mail = box->first;
    if (mail) {
        box->first = mail->next;
        box->last = box->first ? box->last : NULL;
        box->count--;
    }
    return mail;
}
