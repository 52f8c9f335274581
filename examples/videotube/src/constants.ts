export const videosPerPage = 12
export const commentsShown = 200
export const notificationsShown = 30
