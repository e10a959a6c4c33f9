from django.urls import path

from apps.groupbuy import api, views

# Under /api/v1/.
urlpatterns = [
    path("offers", api.OffersView.as_view(), name="offers"),
    path("offers/<str:offer_id>", api.OfferView.as_view(), name="offer"),
    path("offers/<str:offer_id>/rooms", api.OfferRoomsView.as_view(), name="offer-rooms"),
    path("rooms/<str:room_id>", api.RoomView.as_view(), name="room"),
    path("rooms/<str:room_id>/stream", api.RoomStreamView.as_view(), name="room-stream"),
    path("rooms/<str:room_id>/links", api.RoomLinksView.as_view(), name="room-links"),
    path("rooms/<str:room_id>/link", api.RoomLinkView.as_view(), name="room-link"),
    path("rooms/<str:room_id>/seats", api.RoomSeatsView.as_view(), name="room-seats"),
    path("me/rooms", api.MyRoomsView.as_view(), name="my-rooms"),
    path("seats/<str:seat_id>", api.SeatView.as_view(), name="seat"),
    path("seats/<str:seat_id>/swap", api.SeatSwapView.as_view(), name="seat-swap"),
]

# For people.
page_patterns = [
    path("g/<str:room_id>", views.group, name="group"),
    path("g/<str:room_id>/state", views.state, name="group-state"),
    path("g/<str:room_id>/poster.png", views.poster, name="group-poster"),
]
