/* list.h — a doubly linked ring whose links lie inside the caller's structs.
 *
 * The head is a link, too. */
#ifndef MIDGE_BASE_LIST_H
#define MIDGE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

/* The struct of type `type` whose member `member` is `*link`. */
#define LIST_ITEM(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

#define LIST_EACH(link, head)                                                                      \
    for (struct list *link = (head)->next; link != (head); link = link->next)
/* As LIST_EACH, but `link` may be removed on the way. */
#define LIST_EACH_SAFE(link, after, head)                                                          \
    for (struct list *link = (head)->next, *after = link->next; link != (head);                    \
         link = after, after = link->next)

static inline void list_init(struct list *head)
{
    head->next = head->previous = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* True when `link` lies in some list; a link that was removed or initialised lies in none. */
static inline bool list_is_linked(const struct list *link)
{
    return link->next != link;
}

static inline void list_append(struct list *head, struct list *link)
{
    link->previous = head->previous;
    link->next = head;
    head->previous->next = link;
    head->previous = link;
}

static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

#endif
