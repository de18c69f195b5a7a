"""The pages, in the order of the navigation."""

from ui.views.books import books
from ui.views.customer import customer
from ui.views.drive import drive
from ui.views.exceptions import exceptions
from ui.views.story import story

PAGES = (
    (drive, "Drive", ":material/route:", "drive"),
    (customer, "Customer", ":material/person:", "customer"),
    (books, "Books", ":material/balance:", "books"),
    (exceptions, "Exceptions", ":material/front_hand:", "exceptions"),
    (story, "Run a story", ":material/play_circle:", "story"),
)
